"""A connection of the pool that a lane holds."""

from __future__ import annotations

from typing import Any, cast

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from ...compat.sqlalchemy import PooledConnection, greenlet_spawn
from ..faults.translate import DRIVER_ERRORS, translate
from .pool import FairPool


class HeldConnection(Struct, eq=False):
    """A connection of an engine's pool, from `take` to `release`.

    Args:
        engine: The engine.
        pool: Its pool.
        connection: The driver's own connection, once it is taken.
    """

    engine: AsyncEngine
    pool: FairPool
    connection: Any = None
    _pooled: PooledConnection | None = None

    async def take(self) -> None:
        """Take a connection.

        Raises:
            Unavailable: None came free in time, or none can be opened.
        """
        try:
            pooled = self.pool.take_ready() or await self.pool.take()
        except self._errors as exc:
            raise translate(exc) from exc
        self._pooled, self.connection = pooled, pooled.driver_connection

    async def replace(self) -> None:
        """Put a fresh connection in place of this one, which was lost.

        Raises:
            Unavailable: None can be opened.
        """
        pooled = cast("PooledConnection", self._pooled)
        try:
            await self.pool.reopen(pooled)
        except self._errors as exc:
            raise translate(exc) from exc
        self.connection = pooled.driver_connection

    def forget(self) -> None:
        """Throw the connection away, which was lost, and all that are as old as it."""
        pooled, self._pooled = self._pooled, None
        if pooled is not None:
            self.pool.forget(pooled)

    def release(self) -> None:
        """Give the connection back, which the next one can use as it is."""
        pooled, self._pooled = self._pooled, None
        if pooled is not None:
            pooled.close()

    async def discard(self) -> None:
        """Close the connection, and give its place in the pool back."""
        pooled, self._pooled = self._pooled, None
        if pooled is not None:
            await greenlet_spawn(pooled.invalidate)
            pooled.close()

    @property
    def _errors(self) -> tuple[type[BaseException], ...]:
        # Outside of an SQLAlchemy connection its adapter's errors come as they are.
        return (*DRIVER_ERRORS, self.engine.dialect.loaded_dbapi.Error)
