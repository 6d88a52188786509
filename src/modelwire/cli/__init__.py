"""The command line: `modelwire serve TARGET`."""

from .main import main

__all__ = ["main"]
