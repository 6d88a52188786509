"""All that knows PostgreSQL and its driver."""
