"""All that knows SQLite and its driver."""
