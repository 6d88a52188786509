"""SQLAlchemy's pool with a fair queue, which lanes may wait in without a greenlet."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Literal, cast

from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.util import await_only, greenlet_spawn
from sqlalchemy.util.queue import Empty, QueueCommon

from ..observe import waiting_for_connection
from ..overtime import Watched
from .answering import AnsweringConnection


class FairQueue(QueueCommon[Any]):
    """Connections at rest. Those who wait get one in the order in which they came.

    Nobody who comes later takes a connection from under somebody who has waited for it. The one
    that was used last is taken first: its prepared statements are at hand.

    Args:
        maxsize: Connections at most.
        use_lifo: Part of SQLAlchemy's interface.

    Attributes:
        idle: Those at rest; the next one to be taken is the last.
        patience: How long one waits, at most.
    """

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:
        self.maxsize = maxsize
        self.use_lifo = use_lifo
        self.idle: list[Any] = []
        self._waiters: deque[asyncio.Future[Any]] = deque()
        self.patience = Patience(self._waiters)

    def empty(self) -> bool:
        return not self.idle

    def full(self) -> bool:
        return len(self.idle) >= self.maxsize

    def qsize(self) -> int:
        return len(self.idle)

    def put_nowait(self, item: Any) -> None:
        if not self._waiters or not self._wake(item):
            self.idle.append(item)

    def wake_next(self) -> None:
        """Let the next one who waits open a connection: one less is open than may be."""
        self._wake(None)

    def _wake(self, item: Any) -> bool:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(item)
                return True
        return False

    def _pass_on(self, item: Any) -> None:
        if item is None:
            self.wake_next()
        else:
            self.put_nowait(item)

    def put(self, item: Any, _block: bool = True, _timeout: float | None = None) -> None:
        self.put_nowait(item)

    @property
    def waiting(self) -> int:
        """How many wait."""
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
        """Wait for a connection.

        Returns:
            The connection, or None: leave to open one.

        Raises:
            TimeoutError: None came free in time.
        """
        waiter = asyncio.get_running_loop().create_future()
        if not self._waiters:
            self.patience.start()
        self._waiters.append(waiter)
        try:
            return await waiting_for_connection(waiter)
        except BaseException:
            with suppress(ValueError):
                self._waiters.remove(waiter)
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._pass_on(waiter.result())
            raise


class Patience(Watched):
    """How long those wait who wait in one queue.

    Args:
        waiters: Those who wait, in the order in which they came.
    """

    __slots__ = ("_ends_s", "_waiters")

    def __init__(self, waiters: Collection[asyncio.Future[Any]]) -> None:
        super().__init__(math.inf)
        self._waiters = waiters
        self._ends_s: Mapping[asyncio.Future[Any], float] = {}

    def look(self, now_s: float) -> None:
        """Look at them; nobody needs to say that he waits no more."""
        latest_s, known = now_s + self.limit_s, self._ends_s
        self._ends_s = {waiter: known.get(waiter, latest_s) for waiter in self._waiters}
        if not self._ends_s:
            self.stop()
        for waiter, end_s in self._ends_s.items():
            if now_s >= end_s and not waiter.done():
                waiter.set_exception(TimeoutError())


class TakenConnection:
    """A connection that was taken from a pool, until it is put back: by whoever took it.

    It stands where SQLAlchemy has its proxy, which sees to connections that nobody puts back.

    Args:
        pool: The pool.
        record: The connection's place in it.
        driver_connection: The driver's own connection.
    """

    __slots__ = ("_connection_record", "_pool", "driver_connection")

    def __init__(self, pool: FairPool, record: ConnectionPoolEntry, driver_connection: Any) -> None:
        self._pool = pool
        self._connection_record: ConnectionPoolEntry | None = record
        self.driver_connection = driver_connection

    @property
    def is_valid(self) -> bool:
        """Whether it has not been put back."""
        return self._connection_record is not None

    def invalidate(self, error: BaseException | None = None) -> None:
        """Close it; its place in the pool is free for a new one."""
        record = self._connection_record
        try:
            if record is not None:
                record.invalidate(error)
        finally:
            self.close()

    def close(self) -> None:
        """Put it back."""
        record, self._connection_record = self._connection_record, None
        if record is not None:
            self._pool.put_back(record)


class FairPool(AsyncAdaptedQueuePool):
    """The pool of an engine. It never holds more than its size: without overflow."""

    _queue_class = FairQueue
    _pool: FairQueue

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._pool.patience.limit_s = self.timeout()

    @property
    def waiting(self) -> int:
        """How many wait for a connection."""
        return self._pool.waiting

    def take_ready(self) -> PooledConnection | None:
        """Take a connection that lies ready: without SQLAlchemy's switch to another stack, and
        without its proxy, unless somebody listens to the events of that.

        Returns:
            The connection; None where there is none that is open.
        """
        idle = self._pool.idle
        return self._take(idle.pop()) if idle else None

    async def take(self) -> PooledConnection:
        """Take a connection: wait for it, and open it where need be, within one limit of time.

        Raises:
            PoolTimeout: None came free in time, or none could be opened.
        """
        deadline_s = asyncio.get_running_loop().time() + self.timeout()
        try:
            if not self._pool.idle and self._overflow >= 0:
                record = await self._pool.wait()
                ready = None if record is None else self._take(record)
                if ready is not None:
                    return ready
            async with asyncio.timeout_at(deadline_s):
                return await greenlet_spawn(self.connect)
        except TimeoutError:
            raise PoolTimeout("No connection came free in time") from None

    def put_back(self, record: ConnectionPoolEntry) -> None:
        """Put a connection back that was taken."""
        self._pool.put_nowait(record)

    _do_return_conn = put_back

    def _take(self, record: Any) -> PooledConnection | None:
        if self.dispatch.checkout or self.dispatch.checkin:
            return self._connect(record)
        try:
            connection = self._dialect.get_driver_connection(record.get_connection())
            if not _is_dead(connection):
                return TakenConnection(self, record, connection)
            record.invalidate()
        except MissingGreenlet:
            pass  # it has been closed, and has to be opened anew
        except BaseException:
            self.put_back(record)
            raise
        self.put_back(record)
        return None

    def _connect(self, record: Any) -> PooledConnection | None:
        """Take a connection as SQLAlchemy does, which tells those who listen."""
        self._pool.idle.append(record)
        try:
            return self.connect()
        except MissingGreenlet:
            return None

    def forget(self, connection: PooledConnection) -> None:
        """Throw a connection away that was lost; those as old as it are opened anew before use."""
        self._invalidate(cast("PoolProxiedConnection", connection))

    async def reopen(self, connection: PooledConnection) -> None:
        """Open a connection anew that was lost, and those as old as it before their next use.

        It keeps its place meanwhile. Whoever waits for another one's work may hold a connection:
        if the other one had to wait for that in turn, neither would go on.

        Args:
            connection: The connection.

        Raises:
            PoolTimeout: It can't be opened in time.
        """
        proxy = cast("Any", connection)
        record = proxy._connection_record
        self._invalidate(proxy, _checkin=False)
        record.invalidate()
        try:
            async with asyncio.timeout(self.timeout()):
                opened = await greenlet_spawn(record.get_connection)
        except TimeoutError:
            raise PoolTimeout("The connection could not be opened in time") from None
        if isinstance(connection, TakenConnection):
            connection.driver_connection = record.driver_connection
        else:
            proxy.dbapi_connection = opened

    def _do_get(self) -> ConnectionPoolEntry:
        record = super()._do_get()
        try:
            if _is_dead(record.driver_connection):
                record.invalidate()  # it is opened anew before it is handed out
        except BaseException:
            self.put_back(record)
            raise
        return record

    def _dec_overflow(self) -> Literal[True]:
        super()._dec_overflow()
        self._pool.wake_next()
        return True


PooledConnection = PoolProxiedConnection | TakenConnection
"""A connection out of the pool."""


def _is_dead(connection: Any) -> bool:
    """Whether a connection is known to be closed, as asyncpg's is as soon as it was told."""
    return type(connection) is AnsweringConnection and bool(connection.is_closed())
