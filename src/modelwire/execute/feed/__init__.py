"""Notification of all that wait for the log of changes to grow."""
