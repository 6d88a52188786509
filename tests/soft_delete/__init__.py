"""Soft deletes: rows that stay, and are gone for whoever asks."""
