"""Requests from end to end: parse, plan, statement, execute, encode, respond."""
