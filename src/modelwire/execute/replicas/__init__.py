"""Replicas of a PostgreSQL database that serve reads."""
