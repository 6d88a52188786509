"""Tracking of changes in one database: the log, notifications, and workers."""

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

from ..access.principal import ANYONE
from ..changes import LoggedChange
from ..errors import RequestError
from ..settings import Settings
from ..statement.feed import build_notice
from ..statement.statements import Statement
from .connect.lane import Lane
from .engine import open_feed
from .failure import describe_failure
from .faults.translate import DRIVER_ERRORS, translate
from .feed.feed import Feed
from .feed.notifier import Notifier
from .log.log import LOGS, ChangeLog
from .log.logged_table import Noted
from .log.sessions import watch_sessions
from .work.places import Places
from .work.worker import Start, Worker, name_table

logger = logging.getLogger("modelwire")

Open = Callable[..., AbstractAsyncContextManager[Lane]]


class ChangeTracking:
    """Tracking of the changes of those tables that declare it.

    Args:
        url: The database.
        settings: The settings of connections.
        metadata: The tables.
        engine: Returns the engine, which is made when it is first used.
        reading: Takes a lane that reads.
        writing: Takes a lane for one transaction.

    Attributes:
        log: The log of changes.
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
        """Log of changes; None where no table is logged."""
        return self.log if self.log.is_on else None

    def note(self, noted: Noted) -> None:
        """Log the changes of a table from now on, for all writes on the engine.

        Args:
            noted: The table.
        """
        if not self.log.is_on:
            watch_sessions(self._engine().sync_engine, self.log)
        if noted.live and self.log.stamps:
            self.log.ring = self._notifier.ring
        self.log.add(noted)

    async def begin(self) -> None:
        """Install the log where a resource declares it; a failure is logged."""
        if not self.log.is_on:
            return
        try:
            await self.open()
        except RequestError as exc:
            logger.warning(
                "Writes are answered 503: the log of changes can't be created (%s). Run init_db() "
                "or `modelwire migrate apply` once in a role that owns the tables",
                describe_failure(exc),
            )

    async def open(self, session: BaseSession | None = None) -> None:
        """Make sure that the log can be read, even before the first change.

        Args:
            session: The session in which it is read. One of this engine does so itself on SQLite.
                In one of another engine, such as a test's, the log may be known to its transaction
                only.
        """
        if session is not None and self.log.is_on and not self._owns(session):
            await self._prepare_other(session)
        elif not self.log.is_there and (session is None or self.log.stamps):
            await self._prepare()
            self.log.is_there = True

    def _owns(self, session: BaseSession) -> bool:
        bind = session.get_bind()
        return getattr(bind, "engine", bind) is self._engine().sync_engine

    async def _prepare_other(self, session: BaseSession) -> None:
        """Install the log in the transaction of a session of another engine, as a write does."""
        try:
            await self.log.prepare_other(await session.connection(), ANYONE)
        except DRIVER_ERRORS as exc:
            await session.rollback()
            raise translate(exc) from exc

    async def _prepare(self) -> None:
        """Install the log, as every write does."""
        if self.log.is_on:
            async with self._writing(single=True):
                pass

    @cached_property
    def feed(self) -> Feed:
        """Feed of the position up to which the log is final."""
        dialect = self._engine().dialect
        feed = open_feed(self._url, self._settings, dialect, self._reading, self._prepare)
        if not self.log.stamps:
            self.log.ring = feed.ring
        return feed

    async def _notify(self) -> None:
        """Notify other processes of changes, for a database that does not do so itself."""
        async with self._reading() as lane:
            await lane.fetch(self._notice, {})

    @cached_property
    def _notice(self) -> Statement:
        return Statement(build_notice(), self._engine().dialect)

    @cached_property
    def places(self) -> Places:
        """Progress of workers through the changes."""
        return Places(self._engine().dialect, self._reading, self._writing)

    def work(
        self, name: str, models: Sequence[type[SQLModel]], start: Start
    ) -> AsyncGenerator[LoggedChange, None]:
        """Process changes one after another, as `Database.changes` does.

        Args:
            name: The name under which the progress is kept.
            models: The tables; all, if none is named.
            start: The start of a new name.
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
        """Notify of committed changes, and close connections outside of the pool."""
        try:
            await self._notifier.close()
        finally:
            await self.feed.close()
