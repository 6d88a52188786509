"""Errors of the drivers as errors of ours."""
