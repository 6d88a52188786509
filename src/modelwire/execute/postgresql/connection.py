"""Connection to PostgreSQL whose statements have a time limit.

asyncpg's own limit, `command_timeout`, sets a timer for each statement, which costs a fifth of the
statement itself.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from ...compat.asyncpg import LoopConnection, is_unreplicated
from ..connect.limit import FRESH_S, StatementLimit
from ..connect.slots import Claim
from ..servers import Server
from .unresponsive import Doubts

T = TypeVar("T")

GRACE_S = 1.0
"""Seconds that a server has to confirm the cancellation of a statement."""

DOUBT_S = 0.5
"""Seconds without an answer after which another server may have replaced the connection's."""


def _limit(call: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
    async def limited(connection: Any, *arguments: Any, **options: Any) -> T:
        limit = connection.limit
        limit.start()
        try:
            answer = await call(connection, *arguments, **options)
            if connection.is_unreplicated:
                connection.is_unreplicated = False
                raise asyncpg.StatementCompletionUnknownError("No standby has it, as far as known")
            return answer
        except (asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as exc:
            if connection.ending is not None:
                raise TimeoutError from exc
            raise
        finally:
            limit.stop()
            if connection.ending is not None:
                await connection.forget_ending(connection.ending)

    return limited


class PostgreSQLConnection(LoopConnection):
    """Connection that cancels statements that take too long, and is closed if that fails.

    A statement cancelled by the server fails with the server's own error, and the connection
    remains usable. A statement without an answer raises `TimeoutError`, and the connection is
    closed.

    Attributes:
        limit: The time limit of statements.
        ending: The pending cancellation of the statement, if any.
        server: The server that it leads to.
        doubts: Finds out whether another server has replaced its server; None where none can.
        is_unreplicated: Whether the server has committed without the confirmation of a standby that
            it was to wait for: the wait was cancelled, by whomever, and the server reports success
            all the same (PostgreSQL manual, 26.2.8).
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.limit = StatementLimit(self, math.inf, math.inf)
        self.ending: asyncio.Future[None] | None = None
        self.server = Server("")
        self.doubts: Doubts | None = None
        self.is_unreplicated = False
        self._patience_s = math.inf
        self._opened_s = time.monotonic()
        self.add_log_listener(_note_unreplicated)

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
            claim: Its claim to a slot for long statements.

        Returns:
            The rows.
        """
        self.limit.begin_reading(claim)
        try:
            return await self.fetch(text, *values)
        finally:
            self.limit.end_reading()

    def end_statement(self) -> None:
        """Cancel the statement (PostgreSQL manual, 55.2.8), or give the server up."""
        now_s = self.loop.time()
        if self.ending is None:
            self.ending, self._patience_s = self.loop.create_future(), now_s + GRACE_S
            self.cancel_statement(self.ending)
        elif now_s >= self._patience_s:
            self.terminate()

    def look_at_server(self, ran_s: float) -> None:
        """Check whether the server was replaced, once a statement takes long."""
        if self.doubts is not None and ran_s >= DOUBT_S:
            self.doubts.add(self)

    @property
    def may_be_outdated(self) -> bool:
        """Whether the connection is read-only, while a new one might not be.

        A transaction that the application has made read-only says nothing about the connection.
        """
        settings = self.get_settings()
        # PostgreSQL reports these since version 14.
        by_default = getattr(settings, "default_transaction_read_only", "on")
        is_standby = getattr(settings, "in_hot_standby", "on")
        return "on" in (by_default, is_standby) and time.monotonic() - self._opened_s > FRESH_S

    @property
    def is_at_home(self) -> bool:
        """Whether the connection belongs to the running event loop; no other loop can use it."""
        return self.loop is asyncio.get_running_loop()

    @property
    def is_dead(self) -> bool:
        """Whether the connection is unusable: known to be closed, or of another event loop."""
        return self.loop is not asyncio.get_running_loop() or bool(self.is_closed())

    async def close(self, *, timeout: float | None = None) -> None:
        """Close the connection; that of another event loop without a farewell."""
        if self.is_at_home:
            await super().close(timeout=timeout)
        else:
            self.terminate()

    def terminate(self) -> None:
        """Close the connection at once, whatever the state of its event loop."""
        if self.loop is _find_running_loop():
            super().terminate()
            return
        try:
            self.loop.call_soon_threadsafe(super().terminate)
        except RuntimeError:  # it is closed
            self.hang_up()

    async def forget_ending(self, ending: asyncio.Future[None]) -> None:
        """Wait until the cancellation is sent, so that it does not hit the next statement."""
        self.ending = None
        try:
            await asyncio.wait([ending], timeout=GRACE_S)
        finally:
            if not ending.done():
                self.terminate()


def _note_unreplicated(
    connection: PostgreSQLConnection, message: asyncpg.PostgresLogMessage
) -> None:
    if is_unreplicated(message):
        connection.is_unreplicated = True


def _find_running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _PreparedStatement:
    """Prepared statement with a time limit, as used by sessions."""

    def __init__(self, connection: PostgreSQLConnection, statement: PreparedStatement) -> None:
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
    _connection: PostgreSQLConnection, statement: PreparedStatement, *values: Any
) -> Any:
    return await statement.fetch(*values)
