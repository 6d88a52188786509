"""Reads what the models of resources declare, and checks it: once, at start."""
