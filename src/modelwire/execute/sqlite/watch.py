"""Watch of the log of changes on SQLite, which does not notify of changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy.engine import URL, Dialect

from ...statement.dialects.known import DIALECTS
from ...statement.feed import build_look
from ...statement.statements import Statement
from ..connect.lane import Lane
from ..feed.horizon import Look

PAUSE_S = 0.05
"""Seconds between two looks while waiting for writes of other processes."""


class SQLiteWatch:
    """Watch on a connection of its own, or on the only connection of an in-memory database.

    There is one writer at a time, so everything committed is final.

    Args:
        url: The database.
        dialect: SQLAlchemy's dialect of its engine.
        reading: Takes a lane of the pool; None where a connection of its own sees the same data.
    """

    rests = True
    pause_s = PAUSE_S

    def __init__(
        self,
        url: URL,
        dialect: Dialect,
        reading: Callable[[], AbstractAsyncContextManager[Lane]] | None,
    ) -> None:
        self._arguments = dialect.create_connect_args(url)
        self._look = Statement(build_look(DIALECTS[dialect.name]), dialect)
        self._reading = reading
        self._connection: sqlite3.Connection | None = None

    async def open(self, _ring: Callable[[], object]) -> None:
        """Do nothing: the first look opens the connection."""

    async def look(self, _seen: int) -> Look:
        """Look at the log."""
        if self._reading is None:
            look = self._look.compiled
            ((highest,),) = self._connect().execute(look.text, look.bind({})).fetchall()
        else:
            async with self._reading() as lane:
                ((highest,),) = await lane.fetch(self._look, {})
        return Look(highest, 0, 0)

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            (name, *_), options = self._arguments
            # Without waiting for writers, since this runs on the event loop.
            own = {"timeout": 0, "isolation_level": None, "check_same_thread": False}
            self._connection = sqlite3.connect(name, **{**options, **own})
        return self._connection
