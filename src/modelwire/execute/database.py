"""Database of an application: its engine, its sessions, and its lifespan."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import MetaData, literal, select
from sqlalchemy import Table as SQLTable
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.asyncio import AsyncSession as BaseSession
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from ..access.principal import ANYONE, Principal
from ..catalog.views import tables_in
from ..changes import LoggedChange
from ..errors import Contention, MissingTable, NotStarted, RequestError
from ..observe.counts import PoolState
from ..observe.observer import Observer
from ..settings import Settings, read_settings, warn_of_unknown_settings
from ..statement.dialects.known import DIALECTS
from ..statement.statements import Statement
from ..suggestions import naming_arguments
from .connect.lane import Lane, open_session_lane
from .connect.retry import retry_contended
from .connect.session import open_session
from .connect.slots import Claim, Slots
from .connect.turns import WriteQueue, WriteTurn
from .durability import check_setting, check_standbys
from .engine import DRIVER_LANES, create_engine
from .faults.translate import translating
from .log.origin import note_caller
from .replicas.replicas import Replicas
from .secrets import Secrets
from .servers import Server, read_servers
from .startup import (
    ASK_S,
    create_table_of_keys,
    find_secrets,
    spare_what_is_loaded,
    warn_of_mismatched_columns,
    warn_of_missing_tables,
)
from .tables import create_tables, find_missing_tables
from .tracking import ChangeTracking
from .url import parse_replicas, parse_url, show_url
from .work.worker import Start
from .write.triggers import AfterTriggers

T = TypeVar("T")

logger = logging.getLogger("modelwire")

_CLOSE_S = 2.0


@naming_arguments
class Database:
    """Database of an application: the source of connections, sessions and transactions.

    Args:
        url: `sqlite:///file.db` or `postgresql://user:password@host/name`; the environment's
            `MODELWIRE_DATABASE_URL`, or `sqlite:///modelwire.db`, by default.
        pool_size: The maximum number of open connections; 10 by default.
        pool_timeout_s: Seconds that a request waits for a connection; 5 by default.
        statement_timeout_s: Seconds that a statement may run; 30 by default.
        read_timeout_s: Seconds that a statement composed by a client may run; 5 by default.
        pgbouncer: Whether PostgreSQL is reached through PgBouncer in transaction mode; not, by
            default.
        echo: Whether every statement is logged; off by default.
        create_tables: Whether missing tables are created at start-up; on by default.
        replica_urls: The URLs of replicas that serve reads, separated by spaces or commas; none by
            default.
        metadata: The tables; those of every SQLModel class by default.

    Attributes:
        dialect: `sqlite` or `postgresql`.
        tracking: The log of changes, and its readers.
        sql_dialect: The abilities of that dialect, and its SQL.
        has_tables: Whether the tables were created, by start-up or `init_db`, or found.
        replicas: The replicas that serve reads; None without any.

    Raises:
        ConfigurationError: The URL or a setting can't be used.
    """

    def __init__(  # noqa: PLR0913 - one for each setting that is about the database
        self,
        url: str | None = None,
        *,
        pool_size: int | None = None,
        pool_timeout_s: float | None = None,
        statement_timeout_s: float | None = None,
        read_timeout_s: float | None = None,
        pgbouncer: bool | None = None,
        echo: bool | None = None,
        create_tables: bool | None = None,
        replica_urls: str | None = None,
        metadata: MetaData = SQLModel.metadata,
    ) -> None:
        self.settings: Settings = read_settings(
            database_url=url,
            pool_size=pool_size,
            pool_timeout_s=pool_timeout_s,
            statement_timeout_s=statement_timeout_s,
            read_timeout_s=read_timeout_s,
            pgbouncer=pgbouncer,
            echo=echo,
            create_tables=create_tables,
            replica_urls=replica_urls,
        )
        self.url = parse_url(self.settings.database_url.get_secret_value())
        self.dialect = self.url.get_backend_name()
        self.sql_dialect = DIALECTS[self.dialect]
        self._driver_lane = DRIVER_LANES[self.dialect]
        self.metadata = metadata
        self.has_tables = False
        self._is_copy = False
        self.tracking = ChangeTracking(
            self.url,
            self.settings,
            metadata,
            engine=lambda: self.engine,
            reading=self.reading,
            writing=self.writing,
        )
        self.observer = Observer(self.settings, self.url)
        copies = parse_replicas(self.url, self.settings.replica_urls.get_secret_value())
        check_setting(self.settings, self.sql_dialect)
        self.replicas: Replicas[Database] | None = None
        if copies:
            self.replicas = Replicas(self, [self._at(url) for url in copies])

    def _at(self, url: URL) -> Database:
        """Return this database on another server."""
        other = copy.copy(self)
        other.url, other.replicas, other._is_copy = url, None, True
        return other

    def __repr__(self) -> str:
        return f"Database({show_url(self.url)!r})"

    @property
    def servers(self) -> Sequence[Server]:
        """Servers that the URL names."""
        return read_servers(self.url).hosts if self.sql_dialect.has_standbys else ()

    @cached_property
    def engine(self) -> AsyncEngine:
        """SQLAlchemy's engine, with the only pool of this database."""
        return create_engine(self.url, self.settings)

    @cached_property
    def _turns(self) -> WriteQueue:
        return WriteQueue(self.settings.pool_timeout_s)

    @cached_property
    def _again(self) -> WriteQueue:
        return WriteQueue(self.settings.pool_timeout_s)

    @cached_property
    def secrets(self) -> Secrets:
        """Secrets that seal cursors."""
        dialect = self.engine.dialect
        return Secrets(self.settings, self.url, dialect, self.reading, self.writing)

    @cached_property
    def triggers(self) -> AfterTriggers:
        """Registry of triggers that may change rows after they are written."""
        return AfterTriggers(self.engine.dialect)

    async def open_log(self, session: BaseSession | None = None) -> None:
        """Make sure that the log of changes can be read; a replica has it from the primary.

        Args:
            session: The session in which it is read.
        """
        if not self._is_copy:
            await self.tracking.open(session)

    @cached_property
    def _slots(self) -> Slots:
        pool: Any = self.engine.pool
        settings = self.settings
        return Slots(
            pool.size(),
            settings.pool_timeout_s,
            settings.read_timeout_s,
            lambda: self.pool_state.waiting > 0,
        )

    def changes(
        self, name: str, *models: type[SQLModel], start: Start = "oldest"
    ) -> AsyncGenerator[LoggedChange, None]:
        """Process changes one after another, once they are committed.

        Each change is given at least once, in order, and counts as processed when the next one is
        requested; the database keeps the progress. Of several processes with one name, one works;
        when it ends, however it does, another one takes over within some seconds.

            async for change in database.changes("send-mail", Invoice):
                await send(change)

        Args:
            name: The name under which the progress is kept.
            models: The tables whose changes are processed; all logged tables, if none is named.
            start: The start of a new name: at the `oldest` change that is kept, or `now`.

        Returns:
            The changes, without an end.

        Raises:
            ConfigurationError: An argument is of the wrong kind.
        """
        return self.tracking.work(name, models, start)

    @property
    def pool_state(self) -> PoolState:
        """Current state of the pool."""
        pool: Any = self.engine.pool
        return PoolState(
            pool.size(), pool.checkedin() + pool.checkedout(), pool.checkedout(), pool.waiting
        )

    def session(self) -> AsyncSession:
        """Open a session, to be closed by `async with`. Nothing in it loads lazily."""
        return open_session(self.engine)

    def reading(
        self,
        session: BaseSession | None = None,
        statement: Statement | None = None,
        caller: Principal = ANYONE,
    ) -> AbstractAsyncContextManager[Lane]:
        """Take a lane for statements that change nothing, and that clients may have composed.

        Args:
            session: The overridden session.
            statement: The first statement, from which the duration of such reads is known; None for
                reads that are always quick.
            caller: The caller.

        Raises:
            Unavailable: Too many long reads run already, and this may be another one.
        """
        claim = self._slots.claim(statement)
        if session is not None:
            return self._join(session, writes=False, claim=claim, caller=caller)
        return self._driver_lane(
            self.engine,
            writes=False,
            transaction=self.settings.pgbouncer,
            slots=self._slots,
            claim=claim,
            caller=caller,
        )

    def writing(
        self,
        session: BaseSession | None = None,
        *,
        single: bool = False,
        caller: Principal = ANYONE,
    ) -> AbstractAsyncContextManager[Lane]:
        """Take a lane for one transaction, committed when its block ends without an error.

        Args:
            session: The overridden session.
            single: Whether the block runs a single statement.
            caller: The caller.
        """
        lane: AbstractAsyncContextManager[Lane]
        if session is not None:
            lane = self._join(session, writes=True, caller=caller)
        else:
            lane = self._driver_lane(
                self.engine,
                writes=True,
                # PgBouncer may give each transaction another connection, so every write is one
                # transaction.
                transaction=self.settings.pgbouncer or not single,
                slots=self._slots,
                caller=caller,
                changes=self.tracking.log_in_use,
            )
        if not self.sql_dialect.has_one_writer or (
            session is not None and session.in_transaction()
        ):
            # A transaction that has begun may hold the lock that the head of the queue waits for.
            return lane
        return WriteTurn(self._turns, lane)

    @property
    def stamps(self) -> bool:
        """Whether each transaction states its origin for the log of changes."""
        return self.tracking.log.is_on and self.tracking.log.stamps

    def _join(
        self,
        session: BaseSession,
        *,
        writes: bool,
        caller: Principal,
        claim: Claim | None = None,
    ) -> AbstractAsyncContextManager[Lane]:
        """Take a lane in the transaction of an overridden session."""
        if self.tracking.log.is_on and caller is not ANYONE:
            note_caller(caller)
        return open_session_lane(
            self.engine,
            session,
            writes=writes,
            slots=self._slots,
            claim=claim,
            caller=caller,
            changes=self.tracking.log_in_use,
        )

    def retry(
        self, attempt: Callable[[], Awaitable[T]], met: Contention, begun_s: float
    ) -> Awaitable[T]:
        """Run a transaction again after contention.

        Args:
            attempt: Runs the whole transaction. It is never whole in an overridden session, where
                earlier writes would be lost.
            met: The error of the first attempt.
            begun_s: The start of that attempt, by the monotonic clock.

        Returns:
            The result of the attempt that succeeds.

        Raises:
            Contention: Every attempt has met contention.
        """
        settings = self.settings
        return retry_contended(
            attempt,
            met,
            begun_s=begun_s,
            max_retries=settings.max_retries,
            patience_s=settings.pool_timeout_s,
            again=self._again,
        )

    async def init_db(self) -> None:
        """Create missing tables, including modelwire's own; views are left out.

        Several processes may do so at once.

        Raises:
            Unavailable: The database can't be reached.
            DatabaseError: The database refused.
        """
        with translating():
            await create_tables(self.engine, self.metadata)
        self.has_tables = True
        # A role that may not create tables has created its own otherwise, and may do without these.
        await create_table_of_keys(self.engine)
        with suppress(RequestError):
            await self.secrets.find()
        await self.tracking.begin()

    def awaits(self, missing: MissingTable) -> bool:
        """Whether a table is missing that start-up creates, and start-up has not run."""
        return not self.has_tables and any(
            table.name == missing.name for table in tables_in(self.metadata)
        )

    async def check_tables(self, tables: Collection[SQLTable]) -> None:
        """Check that tables exist, unless that is known.

        Args:
            tables: The tables.

        Raises:
            NotStarted: Some tables are missing; says which.
            Unavailable: The database does not answer in time.
        """
        if self.has_tables:
            return
        with translating():
            missing = await find_missing_tables(self.engine, tables)
        if missing:
            raise NotStarted(missing)
        self.has_tables = True

    async def ping(self) -> None:
        """Check that the database answers.

        Raises:
            Unavailable: It does not answer in time.
        """
        async with self.reading() as lane:
            await lane.fetch(Statement(select(literal(1)), self.engine.dialect), {})
        if self.settings.durability == "quorum":
            await self.check_durability()

    async def check_durability(self) -> None:
        """Check that COMMIT waits for a standby.

        Raises:
            NotDurable: It does not.
            Unavailable: The database does not answer in time.
        """
        async with self.reading() as lane:
            await check_standbys(lane, self.engine.dialect)

    async def close_db(self) -> None:
        """Close every connection. The next use opens new ones.

        A server that does not answer is not waited for.
        """
        if self.replicas is not None:
            await self.replicas.close()
        # A replica does not notify.
        tracking = () if self._is_copy else (self.tracking.close,)
        for close in (*tracking, self.engine.dispose):
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await close()

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[None]:
        """Run the lifespan of an application: tables at start-up, no connection left at the end.

        The first lifespan in a process also exempts all loaded objects from garbage collection.
        Possible mistakes are logged as warnings: missing tables, tables whose columns differ from
        their models so that requests would fail, and environment variables whose names almost match
        a setting.

        Args:
            app: The application; its `state.modelwire_database` becomes this database.

        Raises:
            Unavailable: The database can't be reached at start-up.
        """
        app.state.modelwire_database = self
        warn_of_unknown_settings()
        if self.settings.durability == "quorum":
            await self.check_durability()
        if self.settings.create_tables:
            await self.init_db()
        else:
            await find_secrets(self.secrets)
            await warn_of_missing_tables(self.engine, self.metadata)
        self.has_tables = True
        await warn_of_mismatched_columns(self.engine, self.metadata)
        if self.replicas is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(ASK_S):
                    await self.replicas.start()
        spare_what_is_loaded()
        try:
            yield
        finally:
            await self.close_db()
