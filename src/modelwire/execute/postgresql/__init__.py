"""Everything specific to PostgreSQL and its driver."""
