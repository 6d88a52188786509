"""Connections to SQLite whose cursors are let go of by one thread only, whatever fails.

A cursor resets its statement when it is let go of, which waits for the connection's mutex: for as
long as another statement of the connection runs (SQLite, sqlite3_reset). A traceback, a generator
or an answer that nobody has waited for may hold one, and be collected in any thread.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any
from weakref import WeakSet

Bring = Callable[[Callable[[], None]], None]
"""Has a connection's thread do something, later. It may be called in any thread."""


class OwnedCursor(sqlite3.Cursor):
    """A cursor that goes back to its connection if it is let go of while it is open."""

    __slots__ = ("is_open",)

    connection: OwningConnection

    def __init__(self, connection: OwningConnection) -> None:
        self.is_open = False
        super().__init__(connection)
        self.is_open = True
        connection.open_cursors += 1

    def close(self) -> None:
        """Close it, in the connection's thread."""
        super().close()
        if self.is_open:
            self.is_open = False
            self.connection.open_cursors -= 1

    def __del__(self) -> None:
        if self.is_open:
            self.connection.take_back(self)


class OwningConnection(sqlite3.Connection):
    """A connection that closes its cursors in its own thread.

    It can be undone and closed even where cursors have rows left to read, such as those of a
    request that was cancelled: their statements keep the locks that they have, and what interrupted
    one of them would stop a ROLLBACK too (SQLite, sqlite3_interrupt).

    Attributes:
        bring: Has its thread do something.
        open_cursors: How many cursors are not closed.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.bring: Bring = lambda close: close()
        self.open_cursors = 0
        self._cursors: WeakSet[OwnedCursor] = WeakSet()
        self._taken_back: deque[OwnedCursor] = deque()

    def cursor(self, factory: Any = OwnedCursor) -> Any:
        """Open a cursor."""
        cursor = super().cursor(factory)
        if isinstance(cursor, OwnedCursor):
            self._cursors.add(cursor)
        return cursor

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        """Run a statement in a new cursor."""
        cursor: sqlite3.Cursor = self.cursor().execute(sql, values)
        return cursor

    def executemany(self, sql: str, values: Any, /) -> sqlite3.Cursor:
        """Run a statement once for each of many sets of values in a new cursor."""
        cursor: sqlite3.Cursor = self.cursor().executemany(sql, values)
        return cursor

    def executescript(self, sql_script: str, /) -> sqlite3.Cursor:
        """Run several statements in a new cursor."""
        cursor: sqlite3.Cursor = self.cursor().executescript(sql_script)
        return cursor

    def take_back(self, cursor: OwnedCursor) -> None:
        """Take a cursor back that somebody has let go of, in whichever thread that was."""
        self._taken_back.append(cursor)
        self.bring(self._close_taken_back)

    def _close_taken_back(self) -> None:
        while self._taken_back:
            self._taken_back.popleft().close()

    def close_cursors(self) -> None:
        """Close every cursor, whoever has it."""
        self._close_taken_back()
        # Others may be collected meanwhile, in another thread.
        for cursor in tuple(self._cursors):
            cursor.close()

    def rollback(self) -> None:
        """Undo the transaction."""
        self.close_cursors()
        super().rollback()

    def close(self) -> None:
        """Close the connection; what it has not committed is undone."""
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()


def fetch_all(connection: sqlite3.Connection, text: str, values: Any) -> list[Any]:
    """Run a statement and read its rows, in the connection's thread."""
    with closing(connection.cursor()) as cursor:
        return cursor.execute(text, values).fetchall()
