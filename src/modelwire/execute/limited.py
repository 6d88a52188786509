"""A connection to SQLite whose statements have a limit of time, and the short ones no thread."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakSet

from aiosqlite import Connection, Cursor
from aiosqlite.context import contextmanager

from ..overtime import Watched
from .short import Rows, ShortStatements, take_time

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
        super().__init__(connect, _CHUNK_ROWS)
        self._thread.daemon = True  # as SQLAlchemy has it: no thread outlives the program
        self._limit_s = limit_s
        self._short = short
        self.waits = True

    async def read(self, text: str, values: Sequence[Any]) -> Rows:
        """Run a statement that changes nothing, outside of a transaction.

        Args:
            text: The statement.
            values: Its parameters.

        Returns:
            The rows.
        """
        connection = self._connection
        if text in self._short and connection is not None and not self.waits:
            found = self._short.run(connection, text, values)
            if found is not None:
                return found
        run = partial(self._execute_fetchall, text, values)
        rows: Rows
        rows, taken_s = await self._execute(take_time, run)
        self._short.note(text, taken_s)
        return rows

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
