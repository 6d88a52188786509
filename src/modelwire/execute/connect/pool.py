"""SQLAlchemy's pool with a fair wait queue, where lanes wait without a greenlet."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from ...compat.sqlalchemy import EntryPool, PooledConnection, greenlet_spawn
from ..faults.translate import DRIVER_ERRORS, translate
from .fair_queue import FairQueue


class FairPool(EntryPool, queue=FairQueue):
    """Pool of an engine, which never exceeds its size: it has no overflow."""

    queue: FairQueue

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "max_overflow": 0})
        self.queue.patience.limit_s = self.timeout()

    @property
    def waiting(self) -> int:
        """Number of waiters for a connection."""
        return self.queue.waiting

    async def take(self) -> PooledConnection:
        """Take a connection, to be closed, discarded or forgotten by the caller.

        Raises:
            Unavailable: No connection is free in time, or none can be opened.
        """
        try:
            return self.take_ready(self.queue.idle) or await self._wait()
        except self._errors as exc:
            raise translate(exc) from exc

    @property
    def _errors(self) -> tuple[type[BaseException], ...]:
        # Outside of an SQLAlchemy connection, its adapter's errors are raised as they are.
        return (*DRIVER_ERRORS, self.adapter_error)

    async def _wait(self) -> PooledConnection:
        """Wait for a connection, and open it if necessary, within one time limit.

        Raises:
            PoolTimeout: No connection came free in time, or none could be opened.
        """
        deadline_s = asyncio.get_running_loop().time() + self.timeout()
        try:
            if not self.queue.idle and self.is_whole:
                record = await self.queue.wait()
                if record is not None:
                    self.queue.idle.append(record)
                    ready = self.take_ready(self.queue.idle)
                    if ready is not None:
                        return ready
            async with asyncio.timeout_at(deadline_s):
                return await greenlet_spawn(self.connect)
        except TimeoutError:
            raise PoolTimeout("No connection came free in time") from None

    async def reopen(self, connection: PooledConnection) -> None:
        """Reopen a lost connection, and mark those as old as it for reopening.

        It keeps its slot meanwhile. A request that waits for another one's work may hold a
        connection; if that other one had to wait for a slot, both would deadlock.

        Args:
            connection: The connection.

        Raises:
            Unavailable: The connection can't be opened in time.
        """
        try:
            async with asyncio.timeout(self.timeout()):
                await self.open_anew(connection)
        except TimeoutError:
            late = PoolTimeout("The connection could not be opened in time")
            raise translate(late) from late
        except self._errors as exc:
            raise translate(exc) from exc

    async def discard(self, connection: PooledConnection) -> None:
        """Close a connection, and free its slot in the pool."""
        await greenlet_spawn(connection.invalidate)
        connection.close()

    def renew(self, record: ConnectionPoolEntry) -> None:
        """Have an entry with a dead connection reopened before its next use."""
        try:
            if record.driver_connection is not None and record.driver_connection.is_dead:
                record.invalidate()
        except BaseException:
            self.put_back(record)
            raise

    def note_closed(self) -> None:
        """Let the next waiter open a connection."""
        self.queue.wake_next()
