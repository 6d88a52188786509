"""One transaction for all requests of a command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ...errors import ConstraintViolation
from ...execute.connect.begin import begin_writing
from ...execute.connect.session import open_joined_session
from ...execute.explain.constraints import explain_elsewhere
from ...execute.faults.translate import DRIVER_ERRORS, translate
from ...execute.hooks.committed import defer, run_after_commit
from ...statement.dialects.known import DIALECTS
from ...web.service import Service
from ...web.session import get_session
from ..ask import Failed
from ..inside import Inside


class Transaction:
    """Open transaction, of which nothing is stored unless it is committed.

    Args:
        connection: Its connection.
        service: The service, which knows the constraints.

    Attributes:
        is_committed: Whether it was committed.
    """

    def __init__(self, connection: AsyncConnection, service: Service) -> None:
        self._connection = connection
        self._service = service
        self.is_committed = False

    async def check(self) -> None:
        """Check that the transaction is still open: a trigger may end it on SQLite (manual, RAISE).

        Raises:
            Failed: It is not.
        """
        raw = await self._connection.get_raw_connection()
        if getattr(raw.driver_connection, "in_transaction", True) is False:
            raise Failed("The database has ended the transaction: nothing was stored")

    async def check_deferred(self) -> None:
        """Check deferred constraints, where the database can do so before the commit.

        Raises:
            Failed: A constraint is violated.
        """
        if DIALECTS[self._connection.dialect.name].defers_checks:
            with self._explaining():
                await self._connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))

    async def commit(self) -> None:
        """Commit the transaction.

        Raises:
            Failed: It was refused, or its outcome is unknown.
        """
        await self.check()
        with self._explaining():
            await self._connection.commit()
        self.is_committed = True

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except DRIVER_ERRORS as exc:
            error = translate(exc)
            if isinstance(error, ConstraintViolation):
                catalog = self._service.problems.mounted[0].catalog
                error = explain_elsewhere(error, "", catalog)
            raise Failed(f"COMMIT was refused, and nothing was stored: {error}") from exc


@asynccontextmanager
async def one_transaction(inside: Inside) -> AsyncIterator[Transaction]:
    """Run all requests of a block in one transaction, rolled back unless it is committed.

    It is the transaction of a session that overrides those of requests, whose commits end at a
    savepoint. What hooks do after a commit waits for that of the whole.

    Args:
        inside: The application.

    Yields:
        The transaction.
    """
    database, overrides = inside.database, inside.app.dependency_overrides
    before = overrides.get(get_session)
    async with database.engine.connect() as connection:
        await _begin(connection)
        async with open_joined_session(connection) as session:
            waiting = defer(session)
            overrides[get_session] = lambda: session
            transaction = Transaction(connection, inside.service)
            try:
                yield transaction
            finally:
                del overrides[get_session]
                if before is not None:
                    overrides[get_session] = before
    if transaction.is_committed:
        await run_after_commit(waiting, database.session(), is_own=True)


async def _begin(connection: AsyncConnection) -> None:
    try:
        await connection.begin()
        await begin_writing(connection)
    except DRIVER_ERRORS as exc:
        raise Failed(f"The transaction can't begin: {translate(exc)}") from exc
