"""The driver lane: compiled text on the driver's own connection, from SQLAlchemy's one pool."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from ..statement import Statement, Values
from .faults import DRIVER_ERRORS, translate

Row = Sequence[Any]


class DriverLane(ABC):
    """Runs statements on one connection of a driver.

    Args:
        connection: The driver's own connection.
        engine: The engine, whose log has every statement if the setting `echo` is on.
    """

    begin = "BEGIN"

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

    @abstractmethod
    async def run(self, text: str, values: Sequence[Any] = ()) -> Sequence[Row]:
        """Run SQL text as it is."""

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

    async def run(self, text: str, values: Sequence[Any] = ()) -> Sequence[Row]:
        rows: Sequence[Row] = await self._connection.fetch(text, *values)
        return rows

    @property
    def is_clean(self) -> bool:
        return not self._connection.is_closed() and not self._connection.is_in_transaction()

    async def undo(self) -> None:
        # The server is still told to cancel; a new connection costs less than to wait for that.
        raise ConnectionAbortedError("cancelled")


class AiosqliteLane(DriverLane):
    """Runs statements on a connection of aiosqlite: one hop to its thread for each."""

    begin = "BEGIN IMMEDIATE"

    async def run(self, text: str, values: Sequence[Any] = ()) -> Sequence[Row]:
        rows: Sequence[Row] = await self._connection.execute_fetchall(text, values)
        return rows

    @property
    def is_clean(self) -> bool:
        return not self._connection.in_transaction

    async def undo(self) -> None:
        # The connection's thread does one thing after another: here the statement has ended.
        await self._connection.rollback()


_LANES: dict[str, type[DriverLane]] = {"postgresql": AsyncpgLane, "sqlite": AiosqliteLane}


@asynccontextmanager
async def open_driver_lane(engine: AsyncEngine, *, transaction: bool) -> AsyncIterator[DriverLane]:
    """Take a lane on a connection of the engine's pool.

    Args:
        engine: The engine.
        transaction: Whether the work is one transaction, committed at its end. Otherwise each
            statement stands for itself.

    Yields:
        The lane.
    """
    pooled = await _check_out(engine)
    lane = _LANES[engine.dialect.name](pooled.driver_connection, engine.sync_engine)
    try:
        if transaction:
            async with _in_transaction(lane):
                yield lane
        else:
            yield lane
    except Exception:
        await _give_back(pooled, lane)
        raise
    except BaseException:
        # Cancelled: a statement may still be running. What it leaves behind is undone before
        # anybody else gets the connection, even if this task is cancelled once more.
        recovery = asyncio.ensure_future(_recover(pooled, lane))
        _recoveries.add(recovery)
        recovery.add_done_callback(_recoveries.discard)
        await asyncio.shield(recovery)
        raise
    else:
        await _give_back(pooled, lane)


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


@asynccontextmanager
async def _in_transaction(lane: DriverLane) -> AsyncIterator[None]:
    try:
        await lane.run(lane.begin)
        try:
            yield
            await lane.run("COMMIT")
        except Exception:
            if not lane.is_clean:  # it is, where the server has ended the transaction itself
                await lane.run("ROLLBACK")
            raise
    except DRIVER_ERRORS as exc:
        raise translate(exc) from exc


async def _check_out(engine: AsyncEngine) -> PoolProxiedConnection:
    # Outside of an SQLAlchemy connection its adapter's errors come as they are.
    errors = (*DRIVER_ERRORS, engine.dialect.loaded_dbapi.Error)
    try:
        return await engine.raw_connection()
    except errors as exc:
        raise translate(exc) from exc
