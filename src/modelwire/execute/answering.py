"""A connection to PostgreSQL whose server is given up on where it does not answer.

asyncpg's own limit, `command_timeout`, sets a timer for each statement, which costs a fifth of what
the statement does.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from ..overtime import TimeLimit

T = TypeVar("T")


def _limit(call: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
    async def limited(connection: Any, *arguments: Any, **options: Any) -> T:
        with connection.limit:
            return await call(connection, *arguments, **options)

    return limited


class AnsweringConnection(asyncpg.Connection):  # type: ignore[misc]  # it has no annotations
    """A connection that raises `TimeoutError` where no answer comes to a statement.

    The statement is cancelled then, and the connection can't be used.

    Attributes:
        limit: How long an answer may take. One is enough: there is one statement at a time.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.limit = TimeLimit(math.inf)

    execute = _limit(asyncpg.Connection.execute)
    executemany = _limit(asyncpg.Connection.executemany)
    fetch = _limit(asyncpg.Connection.fetch)
    fetchrow = _limit(asyncpg.Connection.fetchrow)
    fetchval = _limit(asyncpg.Connection.fetchval)

    async def prepare(self, *arguments: Any, **options: Any) -> PreparedStatement:
        """Prepare a statement."""
        with self.limit:
            statement = await super().prepare(*arguments, **options)
        return _PreparedStatement(statement, self.limit.limit_s)


class _PreparedStatement:
    """A prepared statement with a limit of time, where sessions run it."""

    def __init__(self, statement: PreparedStatement, limit_s: float) -> None:
        self._statement = statement
        self._limit_s = limit_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._statement, name)

    async def fetch(self, *values: Any) -> Any:
        return await self._statement.fetch(*values, timeout=self._limit_s)

    def cursor(self, *values: Any) -> Any:
        return self._statement.cursor(*values, timeout=self._limit_s)
