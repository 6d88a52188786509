"""Everything specific to SQLite and its driver."""
