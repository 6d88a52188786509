"""Engine of a SQLite database."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random

from ...compat.sqlalchemy import locks_rows
from ...settings import Settings
from ..connect.outdated import give_outdated_up
from ..connect.pool import FairPool
from ..faults.translate import refuses_writes
from ..url import file_to_create, is_memory
from .connection import SQLiteConnection
from .functions import add_functions
from .short_statements import ShortStatements

_READS = re.compile(
    r"\s*(SELECT|PRAGMA|EXPLAIN|VALUES|BEGIN|SAVEPOINT|RELEASE|ROLLBACK)\b", re.IGNORECASE
)


_WITH = re.compile(r"\s*WITH\b", re.IGNORECASE)


_CHANGES = re.compile(r"\b(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)


LONGEST_PAUSE_S = 0.05
"""Maximum length of a pause before a locked file is tried again, in seconds."""


def create_sqlite(url: URL, settings: Settings) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=FairPool,
        # Each connection to an in-memory database has its own database, so there is only one.
        pool_size=1 if is_memory(url) else settings.pool_size,
        pool_timeout=settings.pool_timeout_s,
        pool_reset_on_return=None,
        connect_args={
            "isolation_level": None,
            "timeout": settings.pool_timeout_s,
            "async_creator_fn": partial(
                SQLiteConnection,
                settings.statement_timeout_s,
                settings.read_timeout_s,
                ShortStatements(),
            ),
            "check_same_thread": False,  # one thread at a time, but not always the same
        },
        echo=settings.echo,
        hide_parameters=not settings.echo,
    )
    event.listen(engine.sync_engine, "do_connect", _create_privately)
    shares = url.query.get("cache") == "shared"
    prepare = partial(
        _prepare_sqlite,
        shares=shares,
        is_file=not is_memory(url),
        patience_s=settings.pool_timeout_s,
    )
    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "before_cursor_execute", _begin_before_change)
    event.listen(engine.sync_engine, "savepoint", _begin_before_savepoint)
    event.listen(engine.sync_engine, "rollback_savepoint", _restore_savepoint)
    event.listen(engine.sync_engine, "handle_error", _undo_refused_commit)
    event.listen(engine.sync_engine, "handle_error", give_outdated_up)
    event.listen(engine.sync_engine, "reset", _close_cursors)
    return engine


def _create_privately(
    _dialect: object, _record: object, arguments: Sequence[Any], options: Mapping[str, Any]
) -> None:
    """Create the file of a new database for its owner alone; SQLite would let others read it."""
    path = file_to_create(arguments[0], is_uri=bool(options.get("uri")))
    if path is not None:
        with suppress(OSError):  # it exists already, or SQLite reports the reason
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _close_cursors(connection: Any, _record: Any, _state: Any) -> None:
    """Close cursors left open on a returned connection, for example by a generator.

    While one is open, an interrupt also hits all later statements.
    """
    connection.driver_connection.close_cursors()


def _prepare_sqlite(
    connection: Any, _record: Any, *, shares: bool, is_file: bool, patience_s: float
) -> None:
    """Prepare a new connection.

    Args:
        connection: The connection.
        shares: Whether it shares its cache with other connections, for which readers wait.
        is_file: Whether its database is a file.
        patience_s: Seconds to wait for other processes that prepare the same file.
    """
    connection.driver_connection.is_file = is_file
    add_functions(connection.driver_connection.driver)
    mode = connection.run_async(partial(_log_ahead, patience_s=patience_s))
    connection.driver_connection.waits = shares or mode not in ("wal", "memory")
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


async def _log_ahead(driver: SQLiteConnection, patience_s: float) -> str:
    """Switch a database to a write-ahead log, and return its journal mode.

    Of several processes that switch a new file at the same time, all but one are refused at once:
    SQLite ignores the connection's timeout there.

    Args:
        driver: The connection.
        patience_s: Seconds after which there are no more retries.

    Raises:
        sqlite3.OperationalError: The file is still locked, or can't be used.
    """
    retrying = AsyncRetrying(
        retry=retry_if_exception(_is_locked),
        wait=wait_random(0, LONGEST_PAUSE_S),
        stop=stop_after_delay(patience_s),
        reraise=True,
    )
    async for attempt in retrying:
        with attempt:
            ((mode,),) = await driver.execute_fetchall("PRAGMA journal_mode = WAL")
    return str(mode)


def _is_locked(error: BaseException) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")


def _begin_before_change(
    connection: Any, cursor: Any, sql: str, _parameters: Any, context: Any, _many: bool
) -> None:
    """Take the write lock before the first statement that writes, or requests a lock.

    A transaction that began as a reader can't become a writer once another one has committed
    (SQLite manual, SQLITE_BUSY_SNAPSHOT), however long it waits. One that reads nothing before it
    has the lock waits for its turn.
    """
    reads = _READS.match(sql) or (_WITH.match(sql) and not _CHANGES.search(sql))
    if not reads or locks_rows(context):
        _begin(connection, cursor)


def _begin_before_savepoint(connection: Any, _name: str) -> None:
    """Open the transaction of a savepoint, since the release of the savepoint would else commit."""
    cursor = connection.connection.cursor()
    _begin(connection, cursor)
    cursor.close()


def _restore_savepoint(connection: Any, name: str, _context: object) -> None:
    """Recreate a savepoint that was lost with its transaction, for example by `RAISE(ROLLBACK)`.

    SQLAlchemy can only roll back to a savepoint that exists.
    """
    if not connection.connection.driver_connection.in_transaction:
        cursor = connection.connection.cursor()
        cursor.execute(f"SAVEPOINT {name}")
        cursor.close()


def _undo_refused_commit(context: Any) -> None:
    """Roll back the transaction that a failed COMMIT has left open, as for a deferred foreign key.

    SQLAlchemy considers it ended, and would hand its changes on with the connection.
    """
    connection = context.connection
    if context.statement is None and connection is not None and not connection.invalidated:
        driver = connection.connection.dbapi_connection
        if driver is not None and driver.driver_connection.in_transaction:
            driver.rollback()


def _begin(connection: Any, cursor: Any) -> None:
    if connection.connection.driver_connection.in_transaction:
        return
    try:
        cursor.execute(_BEGIN)
    except sqlite3.Error as exc:
        # SQLAlchemy 2.0 does not handle exceptions of event listeners.
        if refuses_writes(exc) and connection.connection.driver_connection.may_be_outdated:
            connection.invalidate(exc)
        raise OperationalError(_BEGIN, None, exc) from exc


_BEGIN = "BEGIN IMMEDIATE"
