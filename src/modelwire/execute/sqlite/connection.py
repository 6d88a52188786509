"""A connection to SQLite whose statements have a limit of time, and the short ones no thread."""

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
from .short import SHORT_S, Rows, Run, ShortStatements

_CHUNK_ROWS = 64

VERSION = "PRAGMA main.schema_version"
"""Asks for the number of the schema, which is another with each of its changes."""

_NO_COLUMN = ("no such column: NEW.", "no such column: OLD.")
"""How SQLite's words begin where a trigger names a column that its table has no longer."""


class SQLiteConnection(ThreadConnection):
    """A connection of aiosqlite that interrupts what takes too long (SQLite, sqlite3_interrupt).

    Args:
        limit_s: Seconds that one call may take in the connection's thread.
        read_s: Seconds that one may take which a client has composed.
        short: The statements that need not go there.
        arguments: What `sqlite3.connect` takes.

    Attributes:
        limit: What ends a call that takes too long.
        waits: Whether those who read may have to wait for one who writes: without WAL they do.
        is_file: Whether what it has opened is still there when it is closed.
        origin: On whose behalf it writes.
        noting: Which state of the log of changes it notes what it changes in; 0 if in none.
        version: The number of the schema whose tables it knows how to note.
    """

    is_dead = False
    """A file does not go away; what its thread can't do shows when it is asked."""

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
                await self._stopped  # the thread says so to this loop, which may be closed soon
            raise

    @property
    def may_be_outdated(self) -> bool:
        """Whether it takes no writes, where one that is opened now may take them: its file could
        not be written then, or another one has taken its place."""
        return self.is_file and monotonic() - self._opened_s > FRESH_S

    def look_anew(self) -> None:
        """Note no changes before it was looked how: tables have changed."""
        self.noting = 0

    async def _looks_anew(self, error: sqlite3.OperationalError) -> bool:
        """Whether a statement has failed for triggers that a migration has made outdated; the
        user's own may name a column that is missing, too."""
        if not (self.noting and str(error).startswith(_NO_COLUMN)):
            return False
        self.look_anew()
        ((version,),) = await super().run(fetch_all, self.driver, VERSION, ())  # type: ignore[no-untyped-call]
        return bool(version != self.version)

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread, and close what it has opened, also for somebody who was cancelled before
        he got it. Whoever asks once more waits for the same end: nothing that comes later runs."""
        if self._stopped is None:
            self.orders.put_nowait((None, self._close_opened))
            self._stopped = super().stop()
        return self._stopped

    def _close_opened(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def close_cursors(self) -> None:
        """Have the thread close what is still open, before it does anything else that it is
        told."""
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
            claim: What it has of the slots for those that take long.
            in_thread: Whether it is part of a transaction, which stays in its thread.

        Returns:
            The rows.
        """
        self.limit.begin_reading(claim)
        try:
            run = None if in_thread else await self._run_here(text, values)
            if run is None:
                return await self._run_in_thread(text, values)
        finally:
            self.limit.end_reading()
        if run.taken_s > SHORT_S:
            await asyncio.sleep(0)  # those who have waited meanwhile come first
        return run.rows

    async def _run_here(self, text: str, values: Sequence[Any]) -> Run | None:
        """Run what is short of a statement on the event loop; None if that is nothing, or was not
        short after all."""
        short = self._short
        if not self._is_at_rest:
            return None
        connection = self.driver
        if text in short.whole:
            # SQLite's own method: its cursor is gone with the call, before the thread has work.
            begin = partial(sqlite3.Connection.execute, connection, text, values)
            return short.whole.run(connection, text, begin)
        if text not in short.rest:
            return None
        begun, begun_s = await self.run(_begin, connection, text, values)
        with closing(begun):
            rest = short.rest.run(connection, text, begun.__iter__)
        if rest is not None:
            short.whole.note(text, Run(rest.rows, begun_s + rest.taken_s))
        return rest

    @property
    def _is_at_rest(self) -> bool:
        """Whether the event loop may use the connection: it would wait for what its thread does,
        or closes."""
        connection = self.driver
        return not (self.waits or self._under_way or connection is None or connection.open_cursors)

    async def _run_in_thread(self, text: str, values: Sequence[Any]) -> Rows:
        run: Run
        run, begun_s = await self.run(_run, self.driver, text, values)
        rest = Run(run.rows, run.taken_s - begun_s)
        self._short.whole.note(text, run)
        self._short.rest.note(text, rest)
        return run.rows

    @contextmanager
    async def execute_fetchall(self, sql: str, parameters: Any = ()) -> Any:
        """Run a statement and read its rows."""
        return await self.run(fetch_all, self.driver, sql, parameters)

    async def run(self, fn: Any, *arguments: Any, **options: Any) -> Any:
        """Run a function in the thread, within the limit of time."""
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
        """Interrupt what the thread is at. It does one thing after another: then comes a mark."""
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
        """Interrupt the statement that is running, if any: again and again, since what comes before
        it has begun does nothing."""
        if self.driver is not None:
            with suppress(sqlite3.ProgrammingError):  # it has just been closed
                self.driver.interrupt()

    def look_at_server(self, ran_s: float) -> None:
        """Nothing."""


def _begin(
    connection: OwningConnection, text: str, values: Sequence[Any]
) -> tuple[OwnedCursor, float]:
    """Run a statement as far as its first row; returns its cursor, and the seconds of CPU."""
    begun = thread_time()
    cursor: OwnedCursor = connection.cursor()
    try:
        cursor.execute(text, values)
    except BaseException:
        cursor.close()
        raise
    return cursor, thread_time() - begun


def _run(connection: OwningConnection, text: str, values: Sequence[Any]) -> tuple[Run, float]:
    """Run a statement; returns also the seconds of CPU that its first row took."""
    cursor, begun_s = _begin(connection, text, values)
    with closing(cursor):
        begun = thread_time()
        rows = cursor.fetchall()
    return Run(rows, begun_s + thread_time() - begun), begun_s
