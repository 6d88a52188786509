"""Private parts of aiosqlite: the thread of a connection, and its queue of orders.

Tried with 0.22.1, the first version in which a connection is no thread itself. `_tx`, `_thread`,
`_connection`, `_execute` and `_connect` of `Connection`, the arguments of its constructor, and
`context.contextmanager` are documented nowhere.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter
from queue import SimpleQueue
from typing import Any, Self

import aiosqlite
from aiosqlite.context import contextmanager
from msgspec import Struct

__all__ = ["Order", "ThreadConnection", "contextmanager"]

Order = tuple["asyncio.Future[Any] | None", Callable[[], Any]]
"""Work for a connection's thread: the future that receives the result, and the function to call."""


class ThreadConnection(aiosqlite.Connection):
    """Connection whose thread can be given work that aiosqlite has no method for.

    The thread is a daemon, as that of SQLAlchemy's connections is, and goes on working where the
    event loop of a caller is closed.

    Args:
        connect: Opens the connection; called in its thread.
        chunk_rows: Rows that a cursor fetches at a time.

    Attributes:
        orders: The queue of work for the thread.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], chunk_rows: int) -> None:
        super().__init__(connect, chunk_rows)
        self.orders = Orders(self._tx)
        self._tx: Any = self.orders
        self._thread.daemon = True

    driver: Any = property(attrgetter("_connection"))
    """The connection of sqlite3; None before it is open, and once it is closed."""

    async def open(self) -> aiosqlite.Connection:
        """Open the connection, in its thread, which has been started."""
        return await super()._connect()

    async def _connect(self) -> aiosqlite.Connection:
        return await self.open()

    run = aiosqlite.Connection._execute
    """Run a function in the thread; everything that aiosqlite does there goes through this."""

    def _execute(self, fn: Any, *arguments: Any, **options: Any) -> Any:
        return self.run(fn, *arguments, **options)  # type: ignore[no-untyped-call]


class Orders:
    """Queue of work for a connection's thread, in front of the one that the thread reads.

    Args:
        queue: The queue that the thread reads.
    """

    def __init__(self, queue: SimpleQueue[Order]) -> None:
        self._queue: Any = queue

    def put_nowait(self, order: Order) -> None:
        """Queue work for the thread, behind what is queued already."""
        future, function = order
        self._queue.put_nowait((None if future is None else _Answer(future), function))


class _Answer(Struct, eq=False):
    """Future of work in a connection's thread, whose event loop may be closed before it is done.

    The RuntimeError of a closed loop would end the thread, and with it all later work.

    Args:
        future: The future.
    """

    future: asyncio.Future[Any]

    def get_loop(self) -> Self:
        return self

    def call_soon_threadsafe(self, settle: Callable[..., None], _future: Self, value: Any) -> None:
        with suppress(RuntimeError):
            self.future.get_loop().call_soon_threadsafe(settle, self.future, value)
