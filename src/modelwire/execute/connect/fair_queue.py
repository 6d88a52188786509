"""Wait queue in arrival order, with one timer for all waiters."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from ...compat.sqlalchemy import Empty, QueueCommon, await_only
from ...observe.exchange import waiting_for_connection
from ...overtime import Timed


class FairQueue(QueueCommon[Any]):
    """Items of which there is a fixed number, and a wait queue in arrival order.

    They are the connections of a pool; slots and turns are items that mean nothing by themselves. A
    later request never takes one ahead of a waiter. The most recently used connection is taken
    first, since its prepared statements are cached.

    Args:
        maxsize: The maximum number of items.
        use_lifo: Part of SQLAlchemy's interface.

    Attributes:
        idle: The idle items; the last one is taken next.
        patience: The timeouts of waiters.
    """

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:
        self.maxsize = maxsize
        self.use_lifo = use_lifo
        self.idle: list[Any] = []
        self._waiters: deque[asyncio.Future[Any]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.patience = WaiterTimeouts(self._waiters)

    def empty(self) -> bool:
        return not self.idle

    def qsize(self) -> int:
        return len(self.idle)

    def put_nowait(self, item: Any) -> None:
        if not self._waiters or not self._wake(item):
            self.idle.append(item)

    def wake_next(self) -> None:
        """Let the next waiter open a connection, since one was closed."""
        self._wake(None)

    def _wake(self, item: Any) -> bool:
        while self._waiters:
            waiter = self._waiters.popleft()
            loop = waiter.get_loop()
            if waiter.done() or loop.is_closed():
                continue
            if loop is self._loop:
                waiter.set_result(item)
            else:
                loop.call_soon_threadsafe(self._hand_over, item, waiter)
            return True
        return False

    def _hand_over(self, item: Any, waiter: asyncio.Future[Any]) -> None:
        if waiter.done():
            self._pass_on(item)
        else:
            waiter.set_result(item)

    def _pass_on(self, item: Any) -> None:
        if item is None:
            self.wake_next()
        else:
            self.put_nowait(item)

    def put(self, item: Any, _block: bool = True, _timeout: float | None = None) -> None:
        self.put_nowait(item)

    @property
    def waiting(self) -> int:
        """Number of waiters."""
        return sum(not waiter.done() for waiter in self._waiters)

    def get_nowait(self) -> Any:
        if not self.idle:
            raise Empty
        return self.idle.pop()

    def get(self, block: bool = True, _timeout: float | None = None) -> Any:
        if self.idle or not block:
            return self.get_nowait()
        try:
            item = await_only(self.wait())
        except TimeoutError:
            raise Empty from None
        if item is None:
            raise Empty
        return item

    async def wait(self) -> Any:
        """Wait for an item, which is measured as waiting for a connection.

        Returns:
            The item, or None as permission to open a connection.

        Raises:
            TimeoutError: None came free in time.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._move_to(loop)
        elif not self._waiters:
            self.patience.start()
        waiter = loop.create_future()
        self._waiters.append(waiter)
        try:
            return await waiting_for_connection(waiter)
        except BaseException:
            with suppress(ValueError):
                self._waiters.remove(waiter)
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._pass_on(waiter.result())
            raise

    def _move_to(self, loop: asyncio.AbstractEventLoop) -> None:
        """Move to another event loop, and drop the waiters of a closed one."""
        self._loop = loop
        for waiter in tuple(self._waiters):
            if waiter.get_loop().is_closed():
                self._waiters.remove(waiter)
        self.patience.start()


class WaiterTimeouts(Timed):
    """Timeouts of the waiters in one queue.

    Args:
        waiters: The waiters, in arrival order.
    """

    __slots__ = ("_ends_s", "_waiters")

    def __init__(self, waiters: Collection[asyncio.Future[Any]]) -> None:
        super().__init__(math.inf)
        self._waiters = waiters
        self._ends_s: Mapping[asyncio.Future[Any], float] = {}

    def look(self, now_s: float) -> None:
        """Time out waiters that have waited too long, and skip those that have given up."""
        latest_s, known = now_s + self.limit_s, self._ends_s
        self._ends_s = {waiter: known.get(waiter, latest_s) for waiter in self._waiters}
        if not self._ends_s:
            self.stop()
        for waiter, end_s in self._ends_s.items():
            if now_s >= end_s and not waiter.done():
                waiter.set_exception(TimeoutError())
