"""SQLAlchemy's pool with a fair queue, which lanes may wait in without a greenlet."""

from __future__ import annotations

import asyncio
from typing import Any, Literal, cast

from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from .fair_queue import FairQueue


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
            if not connection.is_dead:
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
            if record.driver_connection is not None and record.driver_connection.is_dead:
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
