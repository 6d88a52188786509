"""The driver lane: compiled text on the driver's own connection, from SQLAlchemy's one pool."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from ..errors import ModelwireError, UnknownOutcome
from ..statement import Statement, Values
from .faults import DRIVER_ERRORS, translate, translate_commit

Row = Sequence[Any]


class DriverLane(ABC):
    """Runs statements on one connection of a driver.

    Args:
        connection: The driver's own connection.
        engine: The engine, whose log has every statement if the setting `echo` is on.
        autocommits: Whether each statement is a write that commits itself.

    Attributes:
        abandoned: Whether a statement was given up on, which may be running still.
    """

    begin_text = "BEGIN"

    def __init__(self, connection: Any, engine: Engine, *, autocommits: bool = False) -> None:
        self.abandoned = False
        self._connection = connection
        self._autocommits = autocommits
        self._log = engine.logger if engine._should_log_info() else None

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run a statement and read its rows."""
        compiled = statement.compiled
        bound = compiled.bind(statement.bind(values))
        if self._log is not None:
            self._log.info(compiled.text)
            self._log.info("%r", bound)
        rows = await self._send(compiled.text, bound, commits=self._autocommits)
        return compiled.decode(rows)

    async def begin(self) -> None:
        """Begin a transaction."""
        await self._send(self.begin_text)

    async def commit(self) -> None:
        """End the transaction; what COMMIT refuses is undone.

        Raises:
            UnknownOutcome: No answer came.
        """
        try:
            await self._send("COMMIT", commits=True)
        except UnknownOutcome:
            raise
        except ModelwireError:
            await self.roll_back()
            raise

    async def roll_back(self) -> None:
        """Undo the transaction, unless the server has ended it itself.

        Where that fails, the connection is thrown away: the server undoes what it loses.
        """
        if self.is_open and not self.abandoned and self.in_transaction:
            with suppress(ModelwireError):
                await self._send("ROLLBACK")

    async def _send(
        self, text: str, values: Sequence[Any] = (), *, commits: bool = False
    ) -> Sequence[Row]:
        """Run SQL text; what leaves unknown whether something was committed says so."""
        try:
            return await self.run(text, values)
        except asyncio.CancelledError as exc:
            self.abandoned = True
            if commits:
                raise UnknownOutcome() from exc
            raise
        except DRIVER_ERRORS as exc:
            self.abandoned = isinstance(exc, TimeoutError)
            raise (translate_commit if commits else translate)(exc) from exc

    @abstractmethod
    async def run(self, text: str, values: Sequence[Any] = ()) -> Sequence[Row]:
        """Run SQL text as it is."""

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the connection can be used."""

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether a transaction is open, once no statement is running."""

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
    def is_open(self) -> bool:
        return not self._connection.is_closed()

    @property
    def in_transaction(self) -> bool:
        return bool(self._connection.is_in_transaction())

    async def undo(self) -> None:
        # The server is still told to cancel; a new connection costs less than to wait for that.
        raise ConnectionAbortedError("cancelled")


class AiosqliteLane(DriverLane):
    """Runs statements on a connection of aiosqlite: one hop to its thread for each."""

    begin_text = "BEGIN IMMEDIATE"

    async def run(self, text: str, values: Sequence[Any] = ()) -> Sequence[Row]:
        rows: Sequence[Row] = await self._connection.execute_fetchall(text, values)
        return rows

    @property
    def is_open(self) -> bool:
        return True

    @property
    def in_transaction(self) -> bool:
        return bool(self._connection.in_transaction)

    async def undo(self) -> None:
        # The connection's thread does one thing after another: here the statement has ended.
        await self._connection.rollback()


_LANES: dict[str, type[DriverLane]] = {"postgresql": AsyncpgLane, "sqlite": AiosqliteLane}


class DriverContext:
    """A lane on a connection of the engine's pool, for as long as its block runs.

    Args:
        engine: The engine.
        writes: Whether the work changes anything.
        transaction: Whether it is one transaction, committed at its end. Otherwise each statement
            stands for itself.
    """

    __slots__ = ("_engine", "_lane", "_pooled", "_transaction", "_writes")

    def __init__(self, engine: AsyncEngine, *, writes: bool, transaction: bool) -> None:
        self._engine = engine
        self._writes = writes
        self._transaction = transaction

    async def __aenter__(self) -> DriverLane:
        self._pooled = await _check_out(self._engine)
        engine = self._engine.sync_engine
        self._lane = _LANES[engine.dialect.name](
            self._pooled.driver_connection,
            engine,
            autocommits=self._writes and not self._transaction,
        )
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
        if not self._lane.abandoned and (error is None or isinstance(error, Exception)):
            await _give_back(self._pooled, self._lane)
            return
        # A statement may still be running. What it leaves behind is undone before anybody else
        # gets the connection, even if this task is cancelled once more.
        recovery = asyncio.ensure_future(_recover(self._pooled, self._lane))
        _recoveries.add(recovery)
        recovery.add_done_callback(_recoveries.discard)
        await asyncio.shield(recovery)


_recoveries: set[asyncio.Future[None]] = set()


async def _give_back(pooled: PoolProxiedConnection, lane: DriverLane) -> None:
    if not lane.is_open or lane.in_transaction:
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
