"""Tells when there is more in the log of changes, to all that wait for it."""
