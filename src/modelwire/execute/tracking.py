"""What becomes of the rows of one database: noted, told of, and worked through."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cached_property

from sqlalchemy import MetaData
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.asyncio import AsyncSession as BaseSession
from sqlmodel import SQLModel

from ..changes import LoggedChange
from ..errors import RequestError
from ..settings import Settings
from ..statement.feed import build_notice
from ..statement.statements import Statement
from .connect.lane import Lane
from .failure import describe_failure
from .feed.feed import Feed
from .feed.notifier import Notifier
from .log.log import LOGS, ChangeLog
from .log.noted import Noted
from .log.sessions import watch_sessions
from .watches import open_feed
from .work.places import Places
from .work.worker import Start, Worker, name_table

logger = logging.getLogger("modelwire")

Open = Callable[..., AbstractAsyncContextManager[Lane]]


class ChangeTracking:
    """Keeps what becomes of the rows of a database, for the tables that declare it.

    Args:
        url: The database.
        settings: How it is reached.
        metadata: The tables.
        engine: Gives the engine, which is made when it is first used.
        reading: Takes a lane that reads.
        writing: Takes a lane for one transaction.

    Attributes:
        log: What notes changes.
    """

    def __init__(
        self,
        url: URL,
        settings: Settings,
        metadata: MetaData,
        *,
        engine: Callable[[], AsyncEngine],
        reading: Open,
        writing: Open,
    ) -> None:
        self.log = LOGS[url.get_backend_name()](url, settings)
        self._url = url
        self._settings = settings
        self._metadata = metadata
        self._engine = engine
        self._reading = reading
        self._writing = writing
        self._notifier = Notifier(self._notify)

    @property
    def log_in_use(self) -> ChangeLog | None:
        """What notes changes; None where no table keeps them."""
        return self.log if self.log.is_on else None

    def note(self, noted: Noted) -> None:
        """Note the changes of a table from now on, whatever writes to it on the engine.

        Args:
            noted: The table.
        """
        if not self.log.is_on:
            watch_sessions(self._engine().sync_engine, self.log)
        if noted.live and self.log.stamps:
            self.log.ring = self._notifier.ring
        self.log.add(noted)

    async def begin(self) -> None:
        """Have changes noted where a resource declares that; what stands in the way is logged."""
        if not self.log.is_on:
            return
        try:
            await self.open()
        except RequestError as exc:
            logger.warning(
                "Writes are answered 503: what notes changes can't be created (%s). Run init_db() "
                "or `modelwire migrate apply` once in a role that owns the tables",
                describe_failure(exc),
            )

    async def open(self, session: BaseSession | None = None) -> None:
        """See that the log can be read, before the first change as well.

        Args:
            session: The session in which it is read, which sees to that itself on SQLite.
        """
        if not self.log.is_there and (session is None or self.log.stamps):
            await self._prepare()
            self.log.is_there = True

    async def _prepare(self) -> None:
        """See to it that the log is there, as every write does."""
        if self.log.is_on:
            async with self._writing(single=True):
                pass

    @cached_property
    def feed(self) -> Feed:
        """Tells how far the log can be read, as soon as that is further."""
        dialect = self._engine().dialect
        feed = open_feed(self._url, self._settings, dialect, self._reading, self._prepare)
        if not self.log.stamps:
            self.log.ring = feed.ring
        return feed

    async def _notify(self) -> None:
        """Tell other processes of changes, where nothing but a notification does."""
        async with self._reading() as lane:
            await lane.fetch(self._notice, {})

    @cached_property
    def _notice(self) -> Statement:
        return Statement(build_notice(), self._engine().dialect)

    @cached_property
    def places(self) -> Places:
        """How far those have worked through the changes who do so one after another."""
        return Places(self._engine().dialect, self._reading, self._writing)

    def work(
        self, name: str, models: Sequence[type[SQLModel]], start: Start
    ) -> AsyncGenerator[LoggedChange, None]:
        """Work through what has been changed, as `Database.changes` does.

        Args:
            name: The name under which it is kept how far that is.
            models: The tables; all, if none is named.
            start: Where a new name begins.
        """
        worker = Worker(
            name,
            [name_table(model) for model in models],
            start,
            metadata=self._metadata,
            feed=self.feed,
            places=self.places,
            reading=self._reading,
            dialect=self._engine().dialect,
        )
        return worker.changes()

    async def close(self) -> None:
        """Tell of what was committed, and let go of connections that are none of the pool's."""
        try:
            await self._notifier.close()
        finally:
            await self.feed.close()
