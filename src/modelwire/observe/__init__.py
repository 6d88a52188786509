"""What requests did and how long it took: logs, metrics, `Server-Timing`, traces."""

from .exchange import (
    CURRENT,
    Exchange,
    Statement,
    count_retry,
    encoding,
    name_method,
    waiting_for_connection,
)
from .formatters import JSONFormatter, TextFormatter
from .logs import EventRecord
from .metrics import Counts, PoolState, describe_metrics
from .observer import Observer
from .timing import write_timing

__all__ = [
    "CURRENT",
    "Counts",
    "EventRecord",
    "Exchange",
    "JSONFormatter",
    "Observer",
    "PoolState",
    "Statement",
    "TextFormatter",
    "count_retry",
    "describe_metrics",
    "encoding",
    "name_method",
    "waiting_for_connection",
    "write_timing",
]
