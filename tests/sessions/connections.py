"""Connections to SQLite as the pool opens them, without a pool."""

from pathlib import Path

from modelwire.execute.connect.slots import Claim, Slots
from modelwire.execute.sqlite.connection import SQLiteConnection
from modelwire.execute.sqlite.short_statements import ShortStatements


async def open_limited(path: Path) -> SQLiteConnection:
    """Open a connection to a file with WAL, so that short statements need no thread."""
    connection = SQLiteConnection(
        60.0, 60.0, ShortStatements(), path, isolation_level=None, check_same_thread=False
    )
    await connection
    connection.waits = False
    await connection.execute_fetchall("PRAGMA journal_mode = WAL")
    return connection


def free_claim() -> Claim:
    """Return a read's claim on free slots."""
    return Slots(2, 60.0, 60.0, lambda: False).claim()
