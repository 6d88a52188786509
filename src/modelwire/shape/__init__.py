"""Shapes: the hashable part of a plan. Two requests of one shape run the same SQL."""
