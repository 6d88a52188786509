"""Agents: the tools of the Model Context Protocol, each of which calls the application by HTTP."""
