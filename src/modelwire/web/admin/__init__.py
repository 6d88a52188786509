"""Admin page: its static files, and descriptions of the resources for it."""
