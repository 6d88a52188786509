"""Hooks: their arguments, their calls, and the effects of what they set."""
