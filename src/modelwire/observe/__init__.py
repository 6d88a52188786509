"""Observability of requests: logs, metrics, `Server-Timing` and traces.

The formatters are exported here, since logging configurations name them.
"""

from .formatters import JSONFormatter, TextFormatter

__all__ = ["JSONFormatter", "TextFormatter"]
