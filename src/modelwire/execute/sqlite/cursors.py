"""Connections to SQLite whose cursors are released in one thread only, whatever fails.

A released cursor resets its statement, which waits for the connection's mutex for as long as
another statement of the connection runs (SQLite, sqlite3_reset). A traceback, a generator or a
discarded result may hold a cursor, and be collected in any thread.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any
from weakref import WeakSet

Bring = Callable[[Callable[[], None]], None]
"""Function that schedules a call in a connection's thread; it may be called in any thread."""


class OwnedCursor(sqlite3.Cursor):
    """Cursor that returns to its connection if it is collected while open."""

    __slots__ = ("is_open",)

    connection: OwningConnection

    def __init__(self, connection: OwningConnection) -> None:
        self.is_open = False
        super().__init__(connection)
        self.is_open = True
        connection.open_cursors += 1

    def close(self) -> None:
        """Close the cursor, in the connection's thread."""
        super().close()
        if self.is_open:
            self.is_open = False
            self.connection.open_cursors -= 1

    def __del__(self) -> None:
        if self.is_open:
            self.connection.take_back(self)


class OwningConnection(sqlite3.Connection):
    """Connection that closes its cursors in its own thread.

    It can be rolled back and closed even while cursors have unread rows, such as those of a
    cancelled request: their statements keep their locks, and an interrupt of one of them would stop
    a ROLLBACK too (SQLite, sqlite3_interrupt).

    Attributes:
        bring: Schedules a call in its thread.
        open_cursors: The number of open cursors.
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
        """Run a statement once for each of many sets of values, in a new cursor."""
        cursor: sqlite3.Cursor = self.cursor().executemany(sql, values)
        return cursor

    def executescript(self, sql_script: str, /) -> sqlite3.Cursor:
        """Run several statements in a new cursor."""
        cursor: sqlite3.Cursor = self.cursor().executescript(sql_script)
        return cursor

    def take_back(self, cursor: OwnedCursor) -> None:
        """Take back a cursor that was collected, in any thread."""
        self._taken_back.append(cursor)
        self.bring(self._close_taken_back)

    def _close_taken_back(self) -> None:
        while self._taken_back:
            self._taken_back.popleft().close()

    def close_cursors(self) -> None:
        """Close every cursor, whatever holds it."""
        self._close_taken_back()
        # Meanwhile other threads may collect cursors.
        for cursor in tuple(self._cursors):
            cursor.close()

    def rollback(self) -> None:
        """Undo the transaction."""
        self.close_cursors()
        super().rollback()

    def close(self) -> None:
        """Close the connection, and roll back what is not committed."""
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()


def fetch_all(connection: sqlite3.Connection, text: str, values: Any) -> list[Any]:
    """Run a statement and read its rows, in the connection's thread."""
    with closing(connection.cursor()) as cursor:
        return cursor.execute(text, values).fetchall()
