"""What requests did and how long it took: logs, metrics, `Server-Timing`, traces.

The formatters are named in configurations of logging, so they are found here.
"""

from .formatters import JSONFormatter, TextFormatter

__all__ = ["JSONFormatter", "TextFormatter"]
