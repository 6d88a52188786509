"""Agents: the tools, by the client of the official SDK."""
