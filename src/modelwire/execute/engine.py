"""The engine of each database, with the settings that make it safe to share."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ..compat.sqlalchemy import opening_connection
from ..errors import ModelwireError
from ..observe import waiting_for_connection
from ..settings import Settings
from ..statement import COLLATION, COLLATIONS, LOWER, UNHEX, lower
from .answering import AnsweringConnection
from .faults import refuses_writes, translate, translate_commit
from .limit import StatementLimit
from .limited import LimitedConnection
from .pool import FairPool
from .short import ShortStatements
from .url import file_to_create, is_memory, to_libpq
from .watch import watch_statements

_READS = re.compile(
    r"\s*(SELECT|PRAGMA|EXPLAIN|VALUES|BEGIN|SAVEPOINT|RELEASE|ROLLBACK)\b", re.IGNORECASE
)
_WITH = re.compile(r"\s*WITH\b", re.IGNORECASE)
_CHANGES = re.compile(r"\b(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)


def create_engine(url: URL, settings: Settings) -> AsyncEngine:
    """Create the engine of a database; nothing connects yet.

    Args:
        url: The database, as `parse_url` returns it.
        settings: Pool size, limits of time, echo.

    Returns:
        The engine.
    """
    create = _create_sqlite if url.get_backend_name() == "sqlite" else _create_postgresql
    engine = create(url, settings)
    watch_statements(engine.sync_engine)
    return engine


@dataclass(frozen=True, slots=True)
class _Connect:
    """Opens a connection of asyncpg when it is awaited; until then nothing has begun."""

    dsn: str
    settings: Settings
    options: Mapping[str, Any]

    def __await__(self) -> Generator[Any, None, Any]:
        return self._open().__await__()

    async def _open(self) -> Any:
        with opening_connection():
            connection = await waiting_for_connection(self._connect())
        limits = self.settings.statement_timeout_s, self.settings.read_timeout_s
        connection.limit = StatementLimit(connection, *limits)
        return connection

    async def _connect(self) -> Any:
        try:
            return await asyncpg.connect(
                self.dsn,
                timeout=self.settings.pool_timeout_s,
                connection_class=AnsweringConnection,
                **self.options,
            )
        except (OSError, TimeoutError) as exc:
            # As the driver's own error it is known for what it is wherever a session meets it.
            reason = str(exc) or f"no answer within {self.settings.pool_timeout_s} seconds"
            raise asyncpg.CannotConnectNowError(reason) from exc


def _options_of(settings: Settings) -> Mapping[str, Any]:
    server_settings = {"TimeZone": "UTC", "application_name": "modelwire"}
    if settings.pgbouncer:
        # Statements that are prepared, and settings it does not know, don't go through it.
        return {"server_settings": server_settings, "statement_cache_size": 0}
    server_settings["statement_timeout"] = str(int(settings.statement_timeout_s * 1000))
    return {"server_settings": server_settings}


def _adapter_options_of(settings: Settings) -> Mapping[str, Any]:
    """How SQLAlchemy prepares statements: behind PgBouncer without a name, which ends with them."""
    if not settings.pgbouncer:
        return {}
    return {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: ""}


def _create_postgresql(url: URL, settings: Settings) -> AsyncEngine:
    connect = _Connect(to_libpq(url), settings, _options_of(settings))
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args={"async_creator_fn": lambda: connect, **_adapter_options_of(settings)},
        poolclass=FairPool,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_s,
        pool_reset_on_return=None,  # sessions and lanes end their own transactions
        echo=settings.echo,
        hide_parameters=not settings.echo,
    )

    def find_collation(connection: Any, _record: Any) -> None:
        try:
            collation = _find_collation(connection)
        except engine.dialect.loaded_dbapi.Error:
            # What speaks PostgreSQL's protocol need not have its catalog.
            collation = None
        connection.rollback()
        setattr(engine.dialect, COLLATION, collation)

    event.listen(engine.sync_engine, "first_connect", find_collation)
    event.listen(engine.sync_engine, "handle_error", _give_up)
    event.listen(engine.sync_engine, "handle_error", _give_outdated_up)
    return engine


def _give_up(context: ExceptionContext) -> ModelwireError | None:
    """A session's connection is of no more use where a statement was not answered, or not sent."""
    error = context.original_exception
    if not isinstance(error, (TimeoutError, asyncpg.InternalClientError)):
        return None
    context.is_disconnect = True
    context.invalidate_pool_on_disconnect = False
    # Where SQLAlchemy names no statement, it was COMMIT.
    return translate_commit(error) if context.statement is None else translate(error)


def _give_outdated_up(context: ExceptionContext) -> None:
    """A session's connection that takes no writes is closed, and so are all that are as old."""
    connection = context.connection
    if connection is None or connection.invalidated:
        return
    driver: Any = connection.connection.driver_connection
    if refuses_writes(context.original_exception) and driver.may_be_outdated:
        context.is_disconnect = True


def _find_collation(connection: Any) -> str | None:
    """The best of the collations by which texts are lower-cased that the server has."""
    cursor = connection.cursor()
    cursor.execute(_HAS_COLLATIONS)
    found = {name for (name,) in cursor.fetchall()}
    cursor.close()
    return next((name for name in COLLATIONS if name in found), None)


_HAS_COLLATIONS = """
SELECT collname FROM pg_catalog.pg_collation WHERE collencoding IN
  (-1, (SELECT encoding FROM pg_catalog.pg_database WHERE datname = current_database()))
"""


def _create_sqlite(url: URL, settings: Settings) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=FairPool,
        # Each connection to a database in memory has a database of its own, so there is one.
        pool_size=1 if is_memory(url) else settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_s,
        pool_reset_on_return=None,
        connect_args={
            "isolation_level": None,
            "timeout": settings.pool_timeout_s,
            "async_creator_fn": partial(
                LimitedConnection,
                settings.statement_timeout_s,
                settings.read_timeout_s,
                ShortStatements(),
            ),
            "check_same_thread": False,  # one thread at a time, but not always the same,
        },
        echo=settings.echo,
        hide_parameters=not settings.echo,
    )
    event.listen(engine.sync_engine, "do_connect", _create_privately)
    shares = url.query.get("cache") == "shared"
    prepare = partial(_prepare_sqlite, shares=shares, is_file=not is_memory(url))
    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "before_cursor_execute", _begin_before_change)
    event.listen(engine.sync_engine, "savepoint", _begin_before_savepoint)
    event.listen(engine.sync_engine, "handle_error", _undo_refused_commit)
    event.listen(engine.sync_engine, "handle_error", _give_outdated_up)
    event.listen(engine.sync_engine, "reset", _close_cursors)
    return engine


def _create_privately(
    _dialect: object, _record: object, arguments: Sequence[Any], options: Mapping[str, Any]
) -> None:
    """Create the file of a new database for its owner alone: SQLite would let others read it."""
    path = file_to_create(arguments[0], is_uri=bool(options.get("uri")))
    if path is not None:
        with suppress(OSError):  # it is there already, or SQLite says why it can't be
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _close_cursors(connection: Any, _record: Any, _state: Any) -> None:
    """Close what was left open of a connection that is given back, such as by a generator.

    As long as that is open, what interrupts one statement interrupts all that come after it.
    """
    connection.driver_connection.close_cursors()


def _unhex(text: Any) -> Any:
    return bytes.fromhex(text) if isinstance(text, str) else text


async def begin_writing(connection: AsyncConnection) -> None:
    """Take SQLite's write lock before what a transaction reads in order to write.

    Args:
        connection: A connection of either database; PostgreSQL locks rows instead.
    """
    if connection.dialect.name == "sqlite":
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        if not driver.in_transaction:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare_sqlite(connection: Any, _record: Any, *, shares: bool, is_file: bool) -> None:
    """Prepare a new connection.

    Args:
        connection: The connection.
        shares: Whether its cache is that of others: a reader waits for what they do then.
        is_file: Whether its database is a file.
    """
    connection.driver_connection.is_file = is_file
    connection.create_function(LOWER, 1, _lower, deterministic=True)
    connection.create_function(UNHEX, 1, _unhex, deterministic=True)
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    connection.driver_connection.waits = shares or cursor.fetchone()[0] not in ("wal", "memory")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _lower(text: Any) -> Any:
    return lower(text) if isinstance(text, str) else text


def _begin_before_change(
    connection: Any, cursor: Any, sql: str, _parameters: Any, context: Any, _many: bool
) -> None:
    """Take the write lock before the first statement that changes something, or asks for a lock.

    A transaction that began as a reader can't become a writer once another one has committed
    (SQLite manual, SQLITE_BUSY_SNAPSHOT), and no waiting helps. One that never reads before it
    holds the lock waits for its turn.
    """
    reads = _READS.match(sql) or (_WITH.match(sql) and not _CHANGES.search(sql))
    if not reads or _locks(context):
        _begin(connection, cursor)


def _locks(context: Any) -> bool:
    """Whether a statement asks for locks on its rows, which SQLite has no words for."""
    compiled = getattr(context, "compiled", None)
    # In the driver's text nothing is left of it.
    return getattr(getattr(compiled, "statement", None), "_for_update_arg", None) is not None


def _begin_before_savepoint(connection: Any, _name: str) -> None:
    """Open the transaction that a savepoint is part of; its release would be a commit otherwise."""
    cursor = connection.connection.cursor()
    _begin(connection, cursor)
    cursor.close()


def _undo_refused_commit(context: Any) -> None:
    """End the transaction that a COMMIT has left open, as it does if a deferred key refuses it.

    SQLAlchemy takes it for ended, and would hand its changes on with the connection.
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
        # SQLAlchemy 2.0 does not handle what fails in an event.
        if refuses_writes(exc) and connection.connection.driver_connection.may_be_outdated:
            connection.invalidate(exc)
        raise OperationalError(_BEGIN, None, exc) from exc


_BEGIN = "BEGIN IMMEDIATE"
