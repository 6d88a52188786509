"""The driver lane: compiled text on the driver's own connection, from SQLAlchemy's one pool."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Sequence
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from ..observe import CURRENT
from ..statement import Statement, Values
from .faults import DRIVER_ERRORS, translate

Row = Sequence[Any]


class DriverLane(ABC):
    """Runs statements on one connection of a driver.

    Args:
        connection: The driver's own connection.
        engine: The engine, whose log has every statement if the setting `echo` is on.
    """

    begin_text = "BEGIN"

    def __init__(self, connection: Any, engine: Engine) -> None:
        self._connection = connection
        self._log = engine.logger if engine._should_log_info() else None

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run a statement and read its rows."""
        compiled = statement.compiled
        bound = compiled.bind(statement.bind(values))
        if self._log is not None:
            self._log.info(compiled.text)
            self._log.info("%r", bound)
        try:
            rows = await self.run(compiled.text, bound)
        except DRIVER_ERRORS as exc:
            raise translate(exc) from exc
        return compiled.decode(rows)

    async def begin(self) -> None:
        """Begin a transaction."""
        try:
            await self.run(self.begin_text)
        except DRIVER_ERRORS as exc:
            raise translate(exc) from exc

    async def commit(self) -> None:
        """End the transaction; what COMMIT refuses is undone."""
        try:
            await self.run("COMMIT")
        except DRIVER_ERRORS as exc:
            await self.roll_back()
            raise translate(exc) from exc

    async def roll_back(self) -> None:
        """Undo the transaction, unless the server has ended it itself."""
        try:
            if not self.is_clean:
                await self.run("ROLLBACK")
        except DRIVER_ERRORS as exc:
            raise translate(exc) from exc

    def run(self, text: str, values: Sequence[Any] = ()) -> Awaitable[Sequence[Row]]:
        """Run SQL text as it is, and measure it where somebody wants to know."""
        answer, exchange = self._run(text, values), CURRENT.get()
        return answer if exchange is None else exchange.measure(text, answer)

    @abstractmethod
    def _run(self, text: str, values: Sequence[Any]) -> Awaitable[Sequence[Row]]:
        """Have the driver run SQL text."""

    @property
    @abstractmethod
    def is_clean(self) -> bool:
        """Whether the connection is open and in no transaction, once no statement is running."""

    @abstractmethod
    async def undo(self) -> None:
        """Undo what a statement that was given up on has begun.

        Raises:
            OSError: The connection can't be used any more.
        """


class AsyncpgLane(DriverLane):
    """Runs statements on a connection of asyncpg."""

    def _run(self, text: str, values: Sequence[Any]) -> Awaitable[Sequence[Row]]:
        answer: Awaitable[Sequence[Row]] = self._connection.fetch(text, *values)
        return answer

    @property
    def is_clean(self) -> bool:
        return not self._connection.is_closed() and not self._connection.is_in_transaction()

    async def undo(self) -> None:
        # The server is still told to cancel; a new connection costs less than to wait for that.
        raise ConnectionAbortedError("cancelled")


class AiosqliteLane(DriverLane):
    """Runs statements on a connection of aiosqlite: one hop to its thread for each."""

    begin_text = "BEGIN IMMEDIATE"

    def _run(self, text: str, values: Sequence[Any]) -> Awaitable[Sequence[Row]]:
        answer: Awaitable[Sequence[Row]] = self._connection.execute_fetchall(text, values)
        return answer

    @property
    def is_clean(self) -> bool:
        return not self._connection.in_transaction

    async def undo(self) -> None:
        # The connection's thread does one thing after another: here the statement has ended.
        await self._connection.rollback()


_LANES: dict[str, type[DriverLane]] = {"postgresql": AsyncpgLane, "sqlite": AiosqliteLane}


class DriverContext:
    """A lane on a connection of the engine's pool, for as long as its block runs.

    Args:
        engine: The engine.
        transaction: Whether the work is one transaction, committed at its end. Otherwise each
            statement stands for itself.
    """

    __slots__ = ("_engine", "_lane", "_pooled", "_transaction")

    def __init__(self, engine: AsyncEngine, *, transaction: bool) -> None:
        self._engine = engine
        self._transaction = transaction

    async def __aenter__(self) -> DriverLane:
        self._pooled = await _check_out(self._engine)
        engine = self._engine.sync_engine
        self._lane = _LANES[engine.dialect.name](self._pooled.driver_connection, engine)
        if self._transaction:
            await self._guard(self._lane.begin())
        return self._lane

    async def __aexit__(self, _cls: Any, error: BaseException | None, _traceback: Any) -> None:
        if self._transaction and error is None:
            await self._guard(self._lane.commit())
        elif self._transaction and isinstance(error, Exception):
            await self._guard(self._lane.roll_back())
        await self._leave(error)

    async def _guard(self, step: Awaitable[None]) -> None:
        try:
            await step
        except BaseException as exc:
            await self._leave(exc)
            raise

    async def _leave(self, error: BaseException | None) -> None:
        if error is None or isinstance(error, Exception):
            await _give_back(self._pooled, self._lane)
            return
        # Cancelled: a statement may still be running. What it leaves behind is undone before
        # anybody else gets the connection, even if this task is cancelled once more.
        recovery = asyncio.ensure_future(_recover(self._pooled, self._lane))
        _recoveries.add(recovery)
        recovery.add_done_callback(_recoveries.discard)
        await asyncio.shield(recovery)


_recoveries: set[asyncio.Future[None]] = set()


async def _give_back(pooled: PoolProxiedConnection, lane: DriverLane) -> None:
    if not lane.is_clean:
        await greenlet_spawn(pooled.invalidate)
    pooled.close()


async def _recover(pooled: PoolProxiedConnection, lane: DriverLane) -> None:
    try:
        await lane.undo()
    except DRIVER_ERRORS:
        await greenlet_spawn(pooled.invalidate)
    pooled.close()


async def _check_out(engine: AsyncEngine) -> PoolProxiedConnection:
    # Outside of an SQLAlchemy connection its adapter's errors come as they are.
    errors = (*DRIVER_ERRORS, engine.dialect.loaded_dbapi.Error)
    pool: Any = engine.pool
    try:
        # What lies ready is taken at once, without SQLAlchemy's switch to another stack.
        if await pool.wait_ready():
            try:
                pooled: PoolProxiedConnection = pool.connect()
                return pooled
            except MissingGreenlet:
                pass  # it has been closed, and is opened anew below
        return await engine.raw_connection()
    except errors as exc:
        raise translate(exc) from exc
