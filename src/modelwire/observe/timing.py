"""The header `Server-Timing` (W3C Server Timing, section 4.1)."""

from __future__ import annotations

from .exchange import Exchange
from .logs import count_statements


def write_timing(exchange: Exchange) -> bytes:
    """Write what was measured until the answer began, in milliseconds.

    Example:
        `total;dur=2.104, pool;dur=0, db;dur=1.322;desc="1 statement", encode;dur=0.095`
    """
    statements = count_statements(exchange.statements)
    return (
        f"total;dur={exchange.answered_ns // 1000 / 1000}, "
        f"pool;dur={exchange.pool_ns // 1000 / 1000}, "
        f'db;dur={exchange.database_ns // 1000 / 1000};desc="{statements}", '
        f"encode;dur={exchange.encode_ns // 1000 / 1000}"
    ).encode()
