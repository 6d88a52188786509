"""Soft deletes: rows that stay stored, and are gone for callers."""
