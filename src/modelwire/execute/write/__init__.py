"""Execution of write plans on a lane."""
