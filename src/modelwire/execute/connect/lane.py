"""Lanes, on which statements reach the database: the driver's, or an overridden session's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, cast

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.ext.asyncio import AsyncSession as BaseSession

from ...access.principal import ANYONE, Principal
from ...errors import ConfigurationError, TimedOut, UnknownOutcome
from ...statement.dialects.known import DIALECTS
from ...statement.statements import Statement, Values
from ..faults.translate import DRIVER_ERRORS, is_unanswered, translate, translating
from .begin import begin_writing
from .limit import StatementLimit
from .savepoint import Savepoint, SessionPart
from .slots import Claim, Slots

Row = Sequence[Any]


class Lane(Protocol):
    """Interface for running statements; errors of the driver leave it as modelwire's.

    Attributes:
        caller: The caller of its statements.
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
            RequestError: The database failed for another reason.
        """

    def search(self, statement: Statement, values: Values) -> Awaitable[Sequence[Row]]:
        """Run a statement that a client has composed, for example by filters, and read its rows.

        On a lane for reading, every statement is treated like that.

        Args:
            statement: The statement.
            values: Its parameters by name.

        Returns:
            The rows.

        Raises:
            TimedOut: The statement took longer than `read_timeout_s`.
            RequestError: The database failed for another reason.
        """

    def savepoint(self, *, checks: bool = False) -> AbstractAsyncContextManager[None]:
        """Begin a savepoint, to which an error rolls back.

        Args:
            checks: Whether deferred constraints are checked at its end, on PostgreSQL.
        """

    async def commit(self) -> None:
        """Commit the transaction now, if it is the lane's own; nothing follows.

        Raises:
            ConstraintViolation: A deferred constraint fired.
            UnknownOutcome: The server did not answer.
        """

    async def restart(self) -> None:
        """Roll back the transaction and begin another one, if it is the lane's own."""

    async def roll_back(self) -> None:
        """Roll back the transaction, if it is the lane's own. Only reads follow."""


class NotingOthers(Protocol):
    """Interface of the log of changes for connections of other engines."""

    async def prepare_other(self, connection: AsyncConnection, caller: Principal) -> None:
        """Have a connection log its changes, in its transaction."""


class SessionLane:
    """Lane in the transaction of an overridden session.

    Args:
        session: The session.
        connection: Its connection.
        slots: The slots for long reads.
        claim: The lane's claim to a slot, if it reads what a client has composed.
        caller: The caller of its statements.
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
        """Begin a savepoint, to which an error rolls back."""
        defers = DIALECTS[self._connection.dialect.name].defers_checks
        part = SessionPart(self._session, self._control, translating)
        return Savepoint(part, checks=checks and defers)

    async def commit(self) -> None:
        """Do nothing: the session's transaction, with earlier writes, is committed at the end."""

    async def restart(self) -> None:
        """Do nothing: the transaction may have earlier writes, and a savepoint was rolled back."""

    async def roll_back(self) -> None:
        """Do nothing: a savepoint was rolled back."""

    async def _control(self, *texts: str) -> None:
        with translating():
            for text in texts:
                await self._connection.exec_driver_sql(text)

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run a statement and read its rows."""
        if self._claim is None:
            return await self._run(statement, values)
        return await self._read(statement, values, self._claim)

    async def search(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run a statement that a client has composed, and read its rows."""
        if self._claim is not None:
            return await self.fetch(statement, values)
        with self._slots.claim() as claim:
            return await self._read(statement, values, claim)

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
        with translating():
            result = await self._connection.execute(statement.sql, bound)
            return cast("Sequence[Row]", result.all()) if result.returns_rows else []


def _limit_of(connection: AsyncConnection) -> StatementLimit | None:
    """Return the time limit of a connection's statements; None on an engine of another owner."""
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
    """Commit the transaction of a session.

    Args:
        session: The session.

    Raises:
        UnknownOutcome: The server did not answer to COMMIT.
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
        writes: Whether the work is committed, together with earlier writes of the session.
        slots: The slots for long reads.
        claim: The lane's claim to a slot, if it reads what a client has composed.
        caller: The caller of its statements.
        changes: The log of changes, if any; sessions of the engine itself do without it.

    Yields:
        The lane. Any error rolls the transaction back.

    Raises:
        ConfigurationError: The session is on a database of another kind.
        UnknownOutcome: The connection was lost during the commit.
        ConstraintViolation: A deferred constraint fired at COMMIT.
        Unavailable: The database is unavailable.
        Contention: Another transaction was in the way.
    """
    _check_dialect(engine, session)
    if claim is not None and not session.in_transaction():
        # A session with a connection does not wait while it holds that.
        await claim.begin()
    error: BaseException | None = None
    try:
        # Pending objects of the session's owner are flushed for the statements that follow.
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
