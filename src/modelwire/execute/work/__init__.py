"""Processing of committed changes, one after another."""
