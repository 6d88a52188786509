"""Hooks: what they are given, how they are called, and what becomes of what they set."""
