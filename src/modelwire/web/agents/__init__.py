"""Agents: the tools of the Model Context Protocol, each of which asks the application by HTTP."""
