"""The log of changes: what notes them in the database, and on whose behalf."""
