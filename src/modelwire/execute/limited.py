"""A connection to SQLite whose statements have a limit of time, and the short ones no thread."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from time import thread_time
from typing import Any
from weakref import WeakSet

from aiosqlite import Connection, Cursor
from aiosqlite.context import contextmanager

from ..overtime import Watched
from .short import SHORT_S, Rows, Run, ShortStatements

_CHUNK_ROWS = 64


class LimitedConnection(Connection):
    """A connection of aiosqlite that interrupts what takes too long (SQLite, sqlite3_interrupt).

    Args:
        limit_s: Seconds that one call may take in the connection's thread.
        short: The statements that need not go there.
        arguments: What `sqlite3.connect` takes.

    Attributes:
        waits: Whether those who read may have to wait for one who writes: without WAL they do.
    """

    def __init__(
        self, limit_s: float, short: ShortStatements, /, *arguments: Any, **options: Any
    ) -> None:
        connect = partial(sqlite3.connect, *arguments, factory=_Connection, **options)
        super().__init__(partial(self._open, connect), _CHUNK_ROWS)
        self._opened: sqlite3.Connection | None = None
        self._stopped: asyncio.Future[Any] | None = None
        self._thread.daemon = True  # as SQLAlchemy has it: no thread outlives the program
        self._limit_s = limit_s
        self._short = short
        self.waits = True

    def _open(self, connect: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
        self._opened = connect()
        return self._opened

    async def _connect(self) -> Connection:
        try:
            return await super()._connect()
        except sqlite3.Error:
            if self._stopped is not None:
                await self._stopped  # the thread says so to this loop, which may be closed soon
            raise

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread, and close what it has opened, also for somebody who was cancelled before
        he got it."""
        self._tx.put_nowait((None, self._close_opened))
        self._stopped = super().stop()
        return self._stopped

    def _close_opened(self) -> None:
        if self._opened is not None:
            self._opened.close()

    async def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run a statement that changes nothing, outside of a transaction.

        Args:
            text: The statement.
            values: Its parameters.

        Returns:
            The rows.
        """
        run = await self._run_here(text, values)
        if run is None:
            return await self._run_in_thread(text, values)
        if run.taken_s > SHORT_S:
            await asyncio.sleep(0)  # those who have waited meanwhile come first
        return run.rows

    async def _run_here(self, text: str, values: Sequence[Any]) -> Run | None:
        """Run what is short of a statement on the event loop; None if that is nothing, or was not
        short after all."""
        connection: Any = self._connection
        short = self._short
        if connection is None or self.waits:
            return None
        if text in short.whole:
            return short.whole.run(connection, text, partial(connection.execute, text, values))
        if text not in short.rest:
            return None
        cursor, begun_s = await self._execute(_begin, connection, text, values)
        rest = short.rest.run(connection, text, cursor.__iter__)
        if rest is not None:
            short.whole.note(text, Run(rest.rows, begun_s + rest.taken_s))
        return rest

    async def _run_in_thread(self, text: str, values: Sequence[Any]) -> Rows:
        run: Run
        run, begun_s = await self._execute(_run, self._connection, text, values)
        rest = Run(run.rows, run.taken_s - begun_s)
        self._short.whole.note(text, run)
        self._short.rest.note(text, rest)
        return run.rows

    @contextmanager
    async def cursor(self) -> Cursor:
        """Open a cursor, as SQLAlchemy does for the statements of a session."""
        connection: Any = self._conn
        return Cursor(self, await self._execute(connection.open_cursor))

    async def _execute(self, fn: Any, *arguments: Any, **options: Any) -> Any:
        alarm = _Alarm(self, self._limit_s)
        alarm.start()
        try:
            return await super()._execute(fn, *arguments, **options)  # type: ignore[no-untyped-call]
        except asyncio.CancelledError:
            self._end()
            raise
        finally:
            alarm.stop()

    def _end(self) -> None:
        """Interrupt what the thread is at. It does one thing after another: then comes a mark."""
        ended = asyncio.get_running_loop().create_future()
        alarm = _Alarm(self, 0)
        alarm.start()
        ended.add_done_callback(lambda _: alarm.stop())
        self._tx.put_nowait((ended, lambda: None))
        self.ring()

    def ring(self) -> None:
        """Interrupt the statement that is running, if any."""
        if self._connection is not None:
            with suppress(sqlite3.ProgrammingError):  # it has just been closed
                self._connection.interrupt()


def _begin(
    connection: _Connection, text: str, values: Sequence[Any]
) -> tuple[sqlite3.Cursor, float]:
    """Run a statement as far as its first row; returns its cursor, and the seconds of CPU."""
    begun = thread_time()
    cursor = connection.open_cursor()
    cursor.execute(text, values)
    return cursor, thread_time() - begun


def _run(connection: _Connection, text: str, values: Sequence[Any]) -> tuple[Run, float]:
    """Run a statement; returns also the seconds of CPU that its first row took."""
    cursor, begun_s = _begin(connection, text, values)
    begun = thread_time()
    rows = cursor.fetchall()
    return Run(rows, begun_s + thread_time() - begun), begun_s


class _Connection(sqlite3.Connection):
    """A connection that can be undone and closed even where cursors have rows left to read.

    Such as those of a request that was cancelled. Their statements keep the locks that they have,
    and what interrupted one of them would stop a ROLLBACK too (SQLite, sqlite3_interrupt).
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()

    def open_cursor(self) -> sqlite3.Cursor:
        """Open a cursor that is closed when the transaction is undone."""
        cursor = self.cursor()
        self._cursors.add(cursor)
        return cursor

    def rollback(self) -> None:
        """Undo the transaction."""
        # Others may be collected meanwhile, in another thread.
        for cursor in tuple(self._cursors):
            cursor.close()
        super().rollback()

    def close(self) -> None:
        """Close the connection; what it has not committed is undone."""
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()


class _Alarm(Watched):
    """Interrupts a connection from a moment on, until it is stopped: again and again, since what
    comes before its statement has begun does nothing."""

    __slots__ = ("_connection",)

    def __init__(self, connection: LimitedConnection, limit_s: float) -> None:
        super().__init__(limit_s)
        self._connection = connection

    def end(self) -> None:
        self._connection.ring()
