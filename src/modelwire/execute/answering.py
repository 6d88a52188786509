"""A connection to PostgreSQL whose statements are ended where they take too long.

asyncpg's own limit, `command_timeout`, sets a timer for each statement, which costs a fifth of what
the statement does.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from .limit import StatementLimit
from .slots import Claim

T = TypeVar("T")

GRACE_S = 1.0
"""Seconds that a server is given to answer, after it was told to end a statement."""


def _limit(call: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
    async def limited(connection: Any, *arguments: Any, **options: Any) -> T:
        limit = connection.limit
        limit.start()
        try:
            return await call(connection, *arguments, **options)
        except (asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as exc:
            if connection.ending is not None:
                raise TimeoutError from exc
            raise
        finally:
            limit.stop()
            if connection.ending is not None:
                await connection.forget_ending(connection.ending)

    return limited


class AnsweringConnection(asyncpg.Connection):  # type: ignore[misc]  # it has no annotations
    """A connection whose server is told to end what takes too long, and given up on if it doesn't.

    A statement that the server has ended fails with the server's own error, and the connection
    serves on. One that gets no answer raises `TimeoutError`, and the connection is closed.

    Attributes:
        limit: What ends a statement that takes too long.
        ending: That the server was told to end the statement, if it was.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.limit = StatementLimit(self, math.inf, math.inf)
        self.ending: asyncio.Future[None] | None = None
        self._patience_s = math.inf

    execute = _limit(asyncpg.Connection.execute)
    executemany = _limit(asyncpg.Connection.executemany)
    fetch = _limit(asyncpg.Connection.fetch)
    fetchrow = _limit(asyncpg.Connection.fetchrow)
    fetchval = _limit(asyncpg.Connection.fetchval)
    _prepare_in_time = _limit(asyncpg.Connection.prepare)

    async def prepare(self, *arguments: Any, **options: Any) -> PreparedStatement:
        """Prepare a statement."""
        return _PreparedStatement(self, await self._prepare_in_time(*arguments, **options))

    async def read(self, text: str, values: Sequence[Any], claim: Claim) -> Any:
        """Run a statement that a client has composed.

        Args:
            text: The statement.
            values: Its parameters.
            claim: What it has of the slots for those that take long.

        Returns:
            The rows.
        """
        self.limit.begin_reading(claim)
        try:
            return await self.fetch(text, *values)
        finally:
            self.limit.end_reading()

    def end_statement(self) -> None:
        """Have the server end the statement (PostgreSQL manual, 55.2.8), or give the server up."""
        now_s = self._loop.time()
        if self.ending is None:
            self.ending, self._patience_s = self._loop.create_future(), now_s + GRACE_S
            self._cancel_current_command(self.ending)
        elif now_s >= self._patience_s:
            self.terminate()

    async def forget_ending(self, ending: asyncio.Future[None]) -> None:
        """Wait until the server has been told, so that it does not end the next statement."""
        self.ending = None
        try:
            await asyncio.wait([ending], timeout=GRACE_S)
        finally:
            if not ending.done():
                self.terminate()


class _PreparedStatement:
    """A prepared statement with a limit of time, where sessions run it."""

    def __init__(self, connection: AnsweringConnection, statement: PreparedStatement) -> None:
        self._connection = connection
        self._statement = statement

    def __getattr__(self, name: str) -> Any:
        return getattr(self._statement, name)

    async def fetch(self, *values: Any) -> Any:
        return await _fetch_prepared(self._connection, self._statement, *values)

    def cursor(self, *values: Any) -> Any:
        limit_s = self._connection.limit.limit_s + GRACE_S
        return self._statement.cursor(*values, timeout=limit_s)


@_limit
async def _fetch_prepared(
    _connection: AnsweringConnection, statement: PreparedStatement, *values: Any
) -> Any:
    return await statement.fetch(*values)
