"""Status, headers and body of every response."""
