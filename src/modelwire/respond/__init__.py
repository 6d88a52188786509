"""Status, headers and body of every answer."""
