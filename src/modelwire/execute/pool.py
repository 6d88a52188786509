"""SQLAlchemy's pool with a fair queue, which lanes may wait in without a greenlet."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import await_only
from sqlalchemy.util.queue import Empty, QueueCommon

from ..observe import waiting_for_connection


class FairQueue(QueueCommon[Any]):
    """Connections at rest. Those who wait get one in the order in which they came.

    Nobody who comes later takes a connection from under somebody who has waited for it. The one
    that was used last is taken first: its prepared statements are at hand.

    Args:
        maxsize: Connections at most.
        use_lifo: Part of SQLAlchemy's interface.
    """

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:
        self.maxsize = maxsize
        self.use_lifo = use_lifo
        self._idle: list[Any] = []
        self._waiters: deque[asyncio.Future[Any]] = deque()

    def empty(self) -> bool:
        return not self._idle

    def full(self) -> bool:
        return len(self._idle) >= self.maxsize

    def qsize(self) -> int:
        return len(self._idle)

    def put_nowait(self, item: Any) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(item)
                return
        self._idle.append(item)

    def put(self, item: Any, _block: bool = True, _timeout: float | None = None) -> None:
        self.put_nowait(item)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(not waiter.done() for waiter in self._waiters)

    def get_nowait(self) -> Any:
        if not self._idle:
            raise Empty
        return self._idle.pop()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if block and not self._idle:
            try:
                await_only(self.wait(timeout))
            except TimeoutError:
                raise Empty from None
        return self.get_nowait()

    async def wait(self, timeout_s: float | None) -> None:
        """Wait for a connection, which whoever asks next is given: ask at once.

        Args:
            timeout_s: Seconds; without end if None.

        Raises:
            TimeoutError: None came free in time.
        """
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiters.append(waiter)
        timer = loop.call_later(timeout_s, _expire, waiter) if timeout_s is not None else None
        try:
            with waiting_for_connection():
                self._idle.append(await waiter)
        except asyncio.CancelledError:
            if not waiter.cancelled() and waiter.exception() is None:
                self.put_nowait(waiter.result())
            raise
        finally:
            if timer is not None:
                timer.cancel()


class FairPool(AsyncAdaptedQueuePool):
    """The pool of an engine. It never holds more than its size: without overflow."""

    _queue_class = FairQueue
    _pool: FairQueue

    @property
    def waiting(self) -> int:
        """How many wait for a connection."""
        return self._pool.waiting

    async def wait_ready(self) -> bool:
        """Wait until there is a connection to take, or to open.

        Returns:
            Whether `connect()` has one at once; otherwise it has to open one.

        Raises:
            PoolTimeout: None came free in time.
        """
        if self._pool.empty():
            if self.overflow() < 0:
                return False
            try:
                await self._pool.wait(self.timeout())
            except TimeoutError:
                raise PoolTimeout("No connection came free in time") from None
        return True


def _expire(waiter: asyncio.Future[Any]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
