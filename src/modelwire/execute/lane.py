"""How statements reach the database: on a connection of our own, or in a session in force."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.ext.asyncio import AsyncSession as BaseSession

from ..statement import Statement, Values
from .faults import translate

Row = tuple[Any, ...]


class Lane:
    """Runs statements on one connection; driver errors leave it as modelwire's.

    Args:
        connection: The connection.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def fetch(self, statement: Statement, values: Values) -> list[Row]:
        """Run a statement and read its rows.

        Args:
            statement: The statement.
            values: Its parameters by name.

        Returns:
            The rows as tuples.

        Raises:
            ConstraintViolation: A constraint fired.
            RequestError: The database failed otherwise.
        """
        try:
            result = await self._connection.execute(statement.sql, statement.bind(values))
        except (SQLAlchemyError, OSError) as exc:
            raise translate(exc) from exc
        return cast("list[Row]", result.all()) if result.returns_rows else []

    async def fetch_many(self, statement: Statement, values: Sequence[Values]) -> list[Row]:
        """Run a statement for many rows of parameters; its rows come back in their order.

        Raises:
            ConstraintViolation: A constraint fired.
            RequestError: The database failed otherwise.
        """
        try:
            result = await self._connection.execute(statement.sql, [dict(v) for v in values])
        except (SQLAlchemyError, OSError) as exc:
            raise translate(exc) from exc
        return cast("list[Row]", result.all())


@asynccontextmanager
async def open_lane(
    engine: AsyncEngine, session: BaseSession | None, *, writes: bool
) -> AsyncIterator[Lane]:
    """Take a lane for one piece of work; if it writes, commit at the end of it.

    Args:
        engine: Where a connection comes from when no session is in force.
        session: The session in force, whose transaction the work becomes part of.
        writes: Whether the work is committed. Whatever fails is rolled back.

    Yields:
        The lane.

    Raises:
        Unavailable: No connection came free in time, or the database is away.
        ConstraintViolation: A deferred constraint fired at COMMIT.
    """
    try:
        if session is None:
            async with engine.connect() as connection:
                yield Lane(connection)
                if writes:
                    await connection.commit()
        else:
            async with _in_session(session, writes=writes) as lane:
                yield lane
    except (SQLAlchemyError, OSError) as exc:
        raise translate(exc) from exc


@asynccontextmanager
async def _in_session(session: BaseSession, *, writes: bool) -> AsyncIterator[Lane]:
    try:
        # What the session's owner has added is there for the statements that follow.
        await session.flush()
        yield Lane(await session.connection())
        if writes:
            await session.commit()
    except BaseException:
        await session.rollback()
        raise
