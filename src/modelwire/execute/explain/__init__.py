"""Explanations of constraint violations."""
