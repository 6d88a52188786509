"""SQLAlchemy's pool with a fair queue, which lanes may wait in without a greenlet."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from ...compat.sqlalchemy import EntryPool, PooledConnection, greenlet_spawn
from .fair_queue import FairQueue


class FairPool(EntryPool, queue=FairQueue):
    """The pool of an engine. It never holds more than its size: without overflow."""

    queue: FairQueue

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.queue.patience.limit_s = self.timeout()

    @property
    def waiting(self) -> int:
        """How many wait for a connection."""
        return self.queue.waiting

    def take_ready(self) -> PooledConnection | None:
        """Take a connection that lies ready: without SQLAlchemy's switch to another stack, and
        without its proxy, unless somebody listens to the events of that.

        Returns:
            The connection; None where there is none that is open.
        """
        idle = self.queue.idle
        if not idle:
            return None
        if self.is_listened_to:
            return self._take_aloud()
        record = idle.pop()
        try:
            taken = self.take_entry(record)
            if not taken.driver_connection.is_dead:
                return taken
            record.invalidate()
        except MissingGreenlet:
            pass  # it has been closed, and has to be opened anew
        except BaseException:
            self.put_back(record)
            raise
        self.put_back(record)
        return None

    async def take(self) -> PooledConnection:
        """Take a connection: wait for it, and open it where need be, within one limit of time.

        Raises:
            PoolTimeout: None came free in time, or none could be opened.
        """
        deadline_s = asyncio.get_running_loop().time() + self.timeout()
        try:
            if not self.queue.idle and self.is_whole:
                record = await self.queue.wait()
                if record is not None:
                    self.queue.idle.append(record)
                    ready = self.take_ready()
                    if ready is not None:
                        return ready
            async with asyncio.timeout_at(deadline_s):
                return await greenlet_spawn(self.connect)
        except TimeoutError:
            raise PoolTimeout("No connection came free in time") from None

    def _take_aloud(self) -> PooledConnection | None:
        """Take a connection as SQLAlchemy does, which tells those who listen."""
        try:
            return self.connect()
        except MissingGreenlet:
            return None

    async def reopen(self, connection: PooledConnection) -> None:
        """Open a connection anew that was lost, and those as old as it before their next use.

        It keeps its place meanwhile. Whoever waits for another one's work may hold a connection:
        if the other one had to wait for that in turn, neither would go on.

        Args:
            connection: The connection.

        Raises:
            PoolTimeout: It can't be opened in time.
        """
        try:
            async with asyncio.timeout(self.timeout()):
                await self.open_anew(connection)
        except TimeoutError:
            raise PoolTimeout("The connection could not be opened in time") from None

    def renew(self, record: ConnectionPoolEntry) -> None:
        """Have an entry opened anew whose connection is dead, before it is handed out."""
        try:
            if record.driver_connection is not None and record.driver_connection.is_dead:
                record.invalidate()
        except BaseException:
            self.put_back(record)
            raise

    def note_closed(self) -> None:
        """Let the next one who waits open a connection."""
        self.queue.wake_next()
