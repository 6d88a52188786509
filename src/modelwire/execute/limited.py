"""A connection to SQLite whose statements have a limit of time."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from typing import Any

from aiosqlite import Connection

_AGAIN_S = 0.05
"""Seconds between two interrupts. One that comes before its statement has begun does nothing."""

_CHUNK_ROWS = 64


class LimitedConnection(Connection):
    """A connection of aiosqlite that interrupts what takes too long (SQLite, sqlite3_interrupt).

    Args:
        limit_s: Seconds that one call may take in the connection's thread.
        arguments: What `sqlite3.connect` takes.
    """

    def __init__(self, limit_s: float, /, *arguments: Any, **options: Any) -> None:
        super().__init__(partial(sqlite3.connect, *arguments, **options), _CHUNK_ROWS)
        self._thread.daemon = True  # as SQLAlchemy has it: no thread outlives the program
        self._limit_s = limit_s

    async def _execute(self, fn: Any, *arguments: Any, **options: Any) -> Any:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._limit_s, self._interrupt)
        try:
            return await super()._execute(fn, *arguments, **options)  # type: ignore[no-untyped-call]
        finally:
            self._timer.cancel()

    def _interrupt(self) -> None:
        if self._connection is not None:
            self._connection.interrupt()
            self._timer = asyncio.get_running_loop().call_later(_AGAIN_S, self._interrupt)
