"""The admin page: files for a browser, and what it has to know of the resources."""
