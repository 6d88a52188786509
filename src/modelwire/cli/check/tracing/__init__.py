"""Tracing of functions by their text, and by the objects that their names stand for."""
