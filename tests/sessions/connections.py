"""Connections to SQLite as the pool opens them, without a pool."""

from pathlib import Path

from modelwire.execute.limited import LimitedConnection
from modelwire.execute.short import ShortStatements
from modelwire.execute.slots import Claim, Slots


async def open_limited(path: Path) -> LimitedConnection:
    """Open a connection to a file with WAL, so that short statements need no thread."""
    connection = await LimitedConnection(
        60.0, 60.0, ShortStatements(), path, isolation_level=None, check_same_thread=False
    )
    connection.waits = False
    await connection.execute_fetchall("PRAGMA journal_mode = WAL")
    return connection


def free_claim() -> Claim:
    """What a read has of slots that are free."""
    return Slots(2, 60.0, 60.0, lambda: False).claim()
