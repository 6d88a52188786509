"""What is private to aiosqlite: the thread of a connection, and how it is told what to do.

Tried with 0.22.1, the first version in which a connection is no thread itself. `_tx`, `_thread`,
`_connection`, `_execute` and `_connect` of `Connection`, the arguments of its constructor, and
`context.contextmanager` are documented nowhere.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Self

import aiosqlite
from aiosqlite.context import contextmanager

__all__ = ["Order", "ThreadConnection", "contextmanager"]

Order = tuple["asyncio.Future[Any] | None", Callable[[], Any]]
"""What a thread is to do, and whom it tells what came of it."""


class ThreadConnection(aiosqlite.Connection):
    """A connection whose thread can be told things that aiosqlite has no method for.

    The thread ends with the program, as that of SQLAlchemy's connections does, and serves on where
    the event loop of whoever asked is closed.

    Args:
        connect: Opens the connection, in its thread.
        chunk_rows: Rows that a cursor reads at once.

    Attributes:
        orders: What the thread is to do, one after another.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], chunk_rows: int) -> None:
        super().__init__(connect, chunk_rows)
        self.orders = Orders(self._tx)
        self._tx: Any = self.orders
        self._thread.daemon = True

    @property
    def driver(self) -> Any:
        """The connection of sqlite3; None before it is open, and once it is closed."""
        return self._connection

    async def open(self) -> aiosqlite.Connection:
        """Open the connection, in its thread that has been started."""
        return await super()._connect()

    async def _connect(self) -> aiosqlite.Connection:
        return await self.open()

    run = aiosqlite.Connection._execute
    """Runs a function in the thread. Whatever aiosqlite does there comes through it."""

    def _execute(self, fn: Any, *arguments: Any, **options: Any) -> Any:
        return self.run(fn, *arguments, **options)  # type: ignore[no-untyped-call]


class Orders:
    """What a connection's thread is to do, on its way to the queue that the thread reads.

    Args:
        queue: The queue.
    """

    def __init__(self, queue: SimpleQueue[Order]) -> None:
        self._queue: Any = queue

    def put_nowait(self, order: Order) -> None:
        """Have the thread do something, after what it has been told before."""
        future, function = order
        self._queue.put_nowait((None if future is None else _Answer(future), function))


class _Answer:
    """The future of what a connection's thread does, in a loop that may be closed before that.

    The thread would end by the error that a closed loop raises, and answer nobody any more.

    Args:
        future: The future.
    """

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self._future = future

    def get_loop(self) -> Self:
        return self

    def call_soon_threadsafe(self, settle: Callable[..., None], _future: Self, value: Any) -> None:
        with suppress(RuntimeError):
            self._future.get_loop().call_soon_threadsafe(settle, self._future, value)
