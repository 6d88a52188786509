"""Plans of the requests that read."""
