"""Connections, and the lanes that run statements on them."""
