"""Explanations of what a constraint has refused."""
