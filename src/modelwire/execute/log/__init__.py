"""Log of changes: the triggers that write it, and the origin of each change."""
