"""The header `Server-Timing` (W3C Server Timing, section 4.1)."""

from __future__ import annotations

from .exchange import Exchange

_TIMING = b"total;dur=%.2f, pool;dur=%.2f, db;dur=%.2f, encode;dur=%.2f"


def write_timing(exchange: Exchange) -> bytes:
    """Write the durations until the response began, in milliseconds.

    Example:
        `total;dur=2.10, pool;dur=0.31, db;dur=1.32, encode;dur=0.10`
    """
    return _TIMING % (
        exchange.answered_ns * 1e-6,
        exchange.pool_ns * 1e-6,
        exchange.database_ns * 1e-6,
        exchange.encode_ns * 1e-6,
    )
