"""Plans of the requests that write."""
