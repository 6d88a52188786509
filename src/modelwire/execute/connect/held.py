"""Connection of the pool that a lane holds."""

from __future__ import annotations

from typing import Any, cast

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from ...compat.sqlalchemy import PooledConnection, greenlet_spawn
from ..faults.translate import DRIVER_ERRORS, translate
from .pool import FairPool


class HeldConnection(Struct, eq=False):
    """Connection of an engine's pool, held from `take` to `release`.

    Args:
        engine: The engine.
        pool: Its pool.
        connection: The driver's own connection, once taken.
    """

    engine: AsyncEngine
    pool: FairPool
    connection: Any = None
    _pooled: PooledConnection | None = None

    async def take(self) -> None:
        """Take a connection.

        Raises:
            Unavailable: No connection came free in time, or none can be opened.
        """
        try:
            pooled = self.pool.take_ready() or await self.pool.take()
        except self._errors as exc:
            raise translate(exc) from exc
        self._pooled, self.connection = pooled, pooled.driver_connection

    async def replace(self) -> None:
        """Replace this lost connection by a fresh one.

        Raises:
            Unavailable: No connection can be opened.
        """
        pooled = cast("PooledConnection", self._pooled)
        try:
            await self.pool.reopen(pooled)
        except self._errors as exc:
            raise translate(exc) from exc
        self.connection = pooled.driver_connection

    def forget(self) -> None:
        """Drop this lost connection, and all that are as old."""
        pooled, self._pooled = self._pooled, None
        if pooled is not None:
            self.pool.forget(pooled)

    def release(self) -> None:
        """Return the connection, which is ready for its next use."""
        pooled, self._pooled = self._pooled, None
        if pooled is not None:
            pooled.close()

    async def discard(self) -> None:
        """Close the connection, and free its slot in the pool."""
        pooled, self._pooled = self._pooled, None
        if pooled is not None:
            await greenlet_spawn(pooled.invalidate)
            pooled.close()

    @property
    def _errors(self) -> tuple[type[BaseException], ...]:
        # Outside of SQLAlchemy's connections, the errors of its adapter are not translated.
        return (*DRIVER_ERRORS, self.engine.dialect.loaded_dbapi.Error)
