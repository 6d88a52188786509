"""Transcripts: what a client sends, what the database is sent for it, and what the client gets."""
