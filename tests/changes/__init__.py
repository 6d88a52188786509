"""The log of changes: that it has every change, and what is made of it."""
