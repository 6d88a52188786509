"""How statements reach the database: straight to the driver, or in an overridden session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Protocol, cast

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.ext.asyncio import AsyncSession as BaseSession

from ...access.principal import ANYONE, Principal
from ...errors import ConfigurationError, TimedOut, UnknownOutcome
from ...statement.dialects.known import DIALECTS
from ...statement.statements import Statement, Values
from ..faults.translate import DRIVER_ERRORS, is_unanswered, translate
from .begin import begin_writing
from .limit import StatementLimit
from .savepoint import Savepoint, SessionPart
from .slots import Claim, Slots

Row = Sequence[Any]


class Lane(Protocol):
    """Runs statements; the errors of the driver leave it as modelwire's.

    Attributes:
        caller: Who asks for what it runs.
    """

    caller: Principal

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run a statement and read its rows.

        Args:
            statement: The statement.
            values: Its parameters by name.

        Returns:
            The rows.

        Raises:
            ConstraintViolation: A constraint fired.
            RequestError: The database failed otherwise.
        """

    def search(self, statement: Statement, values: Values) -> Awaitable[Sequence[Row]]:
        """Run a statement that a client has composed, such as by its filters, and read its rows.

        On a lane for reading every statement is taken for one.

        Args:
            statement: The statement.
            values: Its parameters by name.

        Returns:
            The rows.

        Raises:
            TimedOut: It took longer than `read_timeout_s`.
            RequestError: The database failed otherwise.
        """

    def savepoint(self, *, checks: bool = False) -> AbstractAsyncContextManager[None]:
        """Begin a part of the transaction that an error undoes alone.

        Args:
            checks: Whether what is deferred is checked at its end, on PostgreSQL.
        """

    async def commit(self) -> None:
        """Commit the transaction now, if it is the lane's own; nothing follows.

        Raises:
            ConstraintViolation: A deferred constraint fired.
            UnknownOutcome: No answer came.
        """

    async def restart(self) -> None:
        """Undo the transaction and begin another one, if it is the lane's own."""

    async def roll_back(self) -> None:
        """Undo the transaction, if it is the lane's own. What follows only looks."""


class NotingOthers(Protocol):
    """Has what somebody else's connections change noted; the log of changes does."""

    async def prepare_other(self, connection: AsyncConnection, caller: Principal) -> None:
        """Have a connection note what it changes, in its transaction."""


class SessionLane:
    """Runs statements in the transaction of an overridden session.

    Args:
        session: The session.
        connection: Its connection.
        slots: The slots for reads that take long.
        claim: What the lane has of them, if it reads what a client has composed.
        caller: Who asks for what it runs.
    """

    def __init__(
        self,
        session: BaseSession,
        connection: AsyncConnection,
        slots: Slots,
        claim: Claim | None = None,
        caller: Principal = ANYONE,
    ) -> None:
        self.caller = caller
        self._session = session
        self._connection = connection
        self._slots = slots
        self._claim = claim

    def savepoint(self, *, checks: bool = False) -> Savepoint:
        """Begin a part of the transaction that an error undoes alone."""
        defers = DIALECTS[self._connection.dialect.name].defers_checks
        part = SessionPart(self._session, self._control, _translating)
        return Savepoint(part, checks=checks and defers)

    async def commit(self) -> None:
        """Leave that to the end: what others have done in the session is part of it."""

    async def restart(self) -> None:
        """Leave the transaction as it is: others may have done something in it, and a savepoint has
        undone what was refused."""

    async def roll_back(self) -> None:
        """Leave that to the end: a savepoint has undone what was refused."""

    async def _control(self, *texts: str) -> None:
        with _translating():
            for text in texts:
                await self._connection.exec_driver_sql(text)

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run a statement and read its rows."""
        if self._claim is None:
            return await self._run(statement, values)
        return await self._read(statement, values, self._claim)

    def search(self, statement: Statement, values: Values) -> Awaitable[Sequence[Row]]:
        """Run a statement that a client has composed and read its rows."""
        return self._read(statement, values, self._claim or self._slots.claim())

    async def _read(self, statement: Statement, values: Values, claim: Claim) -> Sequence[Row]:
        limit = _limit_of(self._connection)
        if limit is None:
            return await self._run(statement, values)
        limit.begin_reading(claim)
        try:
            return await self._run(statement, values)
        except TimedOut as error:
            if not claim.is_refused:
                raise
            raise claim.refusal() from error.__cause__
        finally:
            limit.end_reading()

    async def _run(self, statement: Statement, values: Values) -> Sequence[Row]:
        bound = statement.bind(values, self.caller)
        try:
            rows = await self._execute(statement, bound)
        except Exception as exc:
            lenient = statement.after(exc)
            if lenient is None:
                raise
            return await self._run(lenient, values)
        if statement.origin is not None:
            statement.origin.report(rows, statement.compiled.converted)
        return rows

    async def _execute(self, statement: Statement, bound: Values) -> Sequence[Row]:
        with _translating():
            result = await self._connection.execute(statement.sql, bound)
            return cast("Sequence[Row]", result.all()) if result.returns_rows else []


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except DRIVER_ERRORS as exc:
        raise translate(exc) from exc


def _limit_of(connection: AsyncConnection) -> StatementLimit | None:
    """What limits the statements of a connection; nothing does on an engine of somebody else's."""
    inner = connection.sync_connection
    driver = None if inner is None else inner.connection.driver_connection
    limit = getattr(driver, "limit", None)
    return limit if isinstance(limit, StatementLimit) else None


def _check_dialect(engine: AsyncEngine, session: BaseSession) -> None:
    given = session.get_bind().dialect.name
    if given != engine.dialect.name:
        raise ConfigurationError(
            f"The session is on {given}, but the application's database is {engine.dialect.name}; "
            "both must be of one kind."
        )


async def commit_session(session: BaseSession) -> None:
    """Commit what a session has done.

    Args:
        session: The session.

    Raises:
        UnknownOutcome: No answer came to COMMIT.
    """
    await session.flush()
    try:
        await session.commit()
    except (*DRIVER_ERRORS, asyncio.CancelledError) as exc:
        if is_unanswered(exc):
            raise UnknownOutcome() from exc
        raise


@asynccontextmanager
async def open_session_lane(
    engine: AsyncEngine,
    session: BaseSession,
    *,
    writes: bool,
    slots: Slots,
    claim: Claim | None = None,
    caller: Principal = ANYONE,
    changes: NotingOthers | None = None,
) -> AsyncIterator[Lane]:
    """Take a lane in the transaction of an overridden session, for one piece of work.

    Args:
        engine: The engine of the application.
        session: The session.
        writes: Whether the work is committed, and all that the session did before with it.
        slots: The slots for reads that take long.
        claim: What the lane has of them, if it reads what a client has composed.
        caller: Who asks for what it runs.
        changes: The log of changes, if there is one; sessions of the engine see to it themselves.

    Yields:
        The lane. Whatever fails is rolled back.

    Raises:
        ConfigurationError: The session is on a database of another kind.
        UnknownOutcome: The connection was lost while the work was committed.
        ConstraintViolation: A deferred constraint fired at COMMIT.
        Unavailable: The database is away.
        Contention: Another transaction was in the way.
    """
    _check_dialect(engine, session)
    if claim is not None and not session.in_transaction():
        # A session that has a connection does not wait with it.
        await claim.begin()
    error: BaseException | None = None
    try:
        # What the session's owner has added is there for the statements that follow.
        await session.flush()
        connection = await session.connection()
        if writes:
            await begin_writing(connection)
            if changes is not None and connection.sync_engine is not engine.sync_engine:
                await changes.prepare_other(connection, caller)
        yield SessionLane(session, connection, slots, claim, caller)
        if writes:
            await commit_session(session)
    except BaseException as exc:
        error = exc
        await session.rollback()
        if isinstance(exc, DRIVER_ERRORS):
            raise translate(exc) from exc
        raise
    finally:
        if claim is not None:
            claim.end(error)
