"""Connection to SQLite with a time limit on statements, and without a thread for short ones."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from time import monotonic, thread_time
from typing import Any

from aiosqlite import Connection

from ...compat.aiosqlite import ThreadConnection, contextmanager
from ...errors import Contention
from ..connect.limit import FRESH_S, StatementLimit
from ..connect.slots import Claim
from ..faults.sqlite import TABLE_CHANGED
from .cursors import OwnedCursor, OwningConnection, fetch_all
from .short_statements import SHORT_S, Rows, Run, ShortStatements

_CHUNK_ROWS = 64

VERSION = "PRAGMA main.schema_version"
"""Query for the version of the schema, which changes with the schema."""

_NO_COLUMN = ("no such column: NEW.", "no such column: OLD.")
"""Prefixes of messages for a trigger that names a column its table no longer has."""


class SQLiteConnection(ThreadConnection):
    """Connection of aiosqlite that interrupts slow statements (SQLite, sqlite3_interrupt).

    Args:
        limit_s: The time limit of a call in the connection's thread, in seconds.
        read_s: The time limit of a statement that a client has composed, in seconds.
        short: The statements that may run outside of the thread.
        arguments: The arguments of `sqlite3.connect`.

    Attributes:
        limit: The time limit of calls.
        waits: Whether readers may have to wait for a writer, as they do without WAL.
        is_file: Whether the database outlives the connection.
        origin: The origin of its writes.
        noting: The state of the log of changes that its triggers were installed for; 0 for none.
        version: The schema version that its triggers were written for.
    """

    is_dead = False
    """Whether the connection is unusable: never known before its thread is used."""

    def __init__(
        self,
        limit_s: float,
        read_s: float,
        short: ShortStatements,
        /,
        *arguments: Any,
        **options: Any,
    ) -> None:
        connect: Any = partial(sqlite3.connect, *arguments, factory=OwningConnection, **options)
        super().__init__(partial(self._open, connect), _CHUNK_ROWS)
        self._opened: OwningConnection | None = None
        self._stopped: asyncio.Future[Any] | None = None
        self._short = short
        self._under_way = 0
        self.limit = StatementLimit(self, limit_s, read_s)
        self.waits = True
        self.is_file = True
        self.origin: tuple[str | None, str | None] = (None, None)
        self.noting = 0
        self.version = 0
        self._opened_s = monotonic()

    def _open(self, connect: Callable[[], OwningConnection]) -> OwningConnection:
        opened, orders = connect(), self.orders
        opened.bring = lambda function: orders.put_nowait((None, function))
        self._opened = opened
        return opened

    async def open(self) -> Connection:
        """Open the connection, in its thread."""
        try:
            return await super().open()
        except sqlite3.Error:
            if self._stopped is not None:
                await self._stopped  # the thread reports to this loop, which may close soon
            raise

    @property
    def may_be_outdated(self) -> bool:
        """Whether the connection may be read-only, while a new one might not be.

        Its file could not be written when it was opened, or another file has taken its place.
        """
        return self.is_file and monotonic() - self._opened_s > FRESH_S

    def look_anew(self) -> None:
        """Have the triggers checked before the next write, since tables have changed."""
        self.noting = 0

    async def _looks_anew(self, error: sqlite3.OperationalError) -> bool:
        """Whether a statement has failed because a migration has made the log's triggers outdated.

        The user's own triggers may name a missing column, too.
        """
        if not (self.noting and str(error).startswith(_NO_COLUMN)):
            return False
        self.look_anew()
        ((version,),) = await super().run(fetch_all, self.driver, VERSION, ())  # type: ignore[no-untyped-call]
        return bool(version != self.version)

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread, and close the database, even one whose opening was cancelled.

        Repeated calls wait for the same end: no later order runs.
        """
        if self._stopped is None:
            self.orders.put_nowait((None, self._close_opened))
            self._stopped = super().stop()
        return self._stopped

    def _close_opened(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def close_cursors(self) -> None:
        """Have the thread close open cursors before its next order."""
        connection = self.driver
        if connection is not None and connection.open_cursors:
            self.orders.put_nowait((None, connection.close_cursors))

    async def read(
        self, text: str, values: Sequence[Any], claim: Claim, *, in_thread: bool = False
    ) -> Rows:
        """Run a statement that a client has composed, and that changes nothing.

        Args:
            text: The statement.
            values: Its parameters.
            claim: Its claim to a slot for long statements.
            in_thread: Whether it must run in the thread, as a part of a transaction.

        Returns:
            The rows.
        """
        run, short = None, self._short
        if not in_thread and self._is_at_rest:
            if text in short.whole:
                # SQLite's own method, whose cursor is gone before the thread has work.
                connection = self.driver
                begin = partial(sqlite3.Connection.execute, connection, text, values)
                run = short.whole.run(connection, text, begin)
            elif text in short.rest:
                run = await self._begin_in_thread(text, values, claim)
        if run is None:
            return await self._run_in_thread(text, values, claim)
        if run.taken_s > SHORT_S:
            await asyncio.sleep(0)  # let tasks run that have waited meanwhile
        return run.rows

    @property
    def _is_at_rest(self) -> bool:
        """Whether the event loop may use the connection without waiting for its thread."""
        connection = self.driver
        return not (self.waits or self._under_way or connection is None or connection.open_cursors)

    async def _begin_in_thread(self, text: str, values: Sequence[Any], claim: Claim) -> Run | None:
        """Run a statement to its first row in the thread, and its short rest on the event loop.

        The result is None if the rest did not turn out to be short.
        """
        begun, begun_s = await self._run_for(claim, _begin, text, values)
        with closing(begun):
            rest = self._short.rest.run(self.driver, text, begun.__iter__)
        if rest is not None:
            self._short.whole.note(text, Run(rest.rows, begun_s + rest.taken_s))
        return rest

    async def _run_in_thread(self, text: str, values: Sequence[Any], claim: Claim) -> Rows:
        run: Run
        run, begun_s = await self._run_for(claim, _run, text, values)
        rest = Run(run.rows, run.taken_s - begun_s)
        self._short.whole.note(text, run)
        self._short.rest.note(text, rest)
        return run.rows

    async def _run_for(self, claim: Claim, fn: Any, *arguments: Any) -> Any:
        """Run a function on the driver's connection in the thread, within the limits of a claim."""
        self.limit.begin_reading(claim)
        try:
            return await self.run(fn, self.driver, *arguments)
        finally:
            self.limit.end_reading()

    @contextmanager
    async def execute_fetchall(self, sql: str, parameters: Any = ()) -> Any:
        """Run a statement and read its rows."""
        return await self.run(fetch_all, self.driver, sql, parameters)

    async def run(self, fn: Any, *arguments: Any, **options: Any) -> Any:
        """Run a function in the thread, within the time limit."""
        self.limit.start()
        self._under_way += 1
        try:
            return await super().run(fn, *arguments, **options)  # type: ignore[no-untyped-call]
        except asyncio.CancelledError:
            self._end()
            raise
        except sqlite3.OperationalError as exc:
            if await self._looks_anew(exc):
                raise Contention(TABLE_CHANGED) from exc
            raise
        finally:
            self._under_way -= 1
            self.limit.stop()

    def _end(self) -> None:
        """Interrupt the thread's current call, until the thread reaches a mark in its queue."""
        ended = asyncio.get_running_loop().create_future()
        alarm = StatementLimit(self, 0, 0)
        alarm.start()
        self._under_way += 1

        def stop(_ended: object) -> None:
            self._under_way -= 1
            alarm.stop()

        ended.add_done_callback(stop)
        self.orders.put_nowait((ended, lambda: None))
        self.end_statement()

    def end_statement(self) -> None:
        """Interrupt the running statement, if any.

        It is called repeatedly, since an interrupt before the statement has begun has no effect.
        """
        if self.driver is not None:
            with suppress(sqlite3.ProgrammingError):  # it was closed just now
                self.driver.interrupt()

    def look_at_server(self, ran_s: float) -> None:
        """Do nothing: SQLite has no server."""


def _begin(
    connection: OwningConnection, text: str, values: Sequence[Any]
) -> tuple[OwnedCursor, float]:
    """Run a statement up to its first row; return its cursor, and the CPU time in seconds."""
    begun = thread_time()
    cursor: OwnedCursor = connection.cursor()
    try:
        cursor.execute(text, values)
    except BaseException:
        cursor.close()
        raise
    return cursor, thread_time() - begun


def _run(connection: OwningConnection, text: str, values: Sequence[Any]) -> tuple[Run, float]:
    """Run a statement; return its rows, and the CPU time up to its first row in seconds."""
    cursor, begun_s = _begin(connection, text, values)
    with closing(cursor):
        begun = thread_time()
        rows = cursor.fetchall()
    return Run(rows, begun_s + thread_time() - begun), begun_s
