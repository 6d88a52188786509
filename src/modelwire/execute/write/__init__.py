"""Writes, carried out on a lane."""
