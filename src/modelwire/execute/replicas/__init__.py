"""Copies of a PostgreSQL database that are read from."""
