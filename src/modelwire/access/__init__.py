"""Callers and policies: declarations of who sends a request, and what they may see and change."""
