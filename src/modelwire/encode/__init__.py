"""Rows as bytes. Pure."""
