"""Driver lane on PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from ..connect.driver_lane import DriverLane, Row
from ..connect.slots import Claim
from .connection import PostgreSQLConnection


class AsyncpgLane(DriverLane):
    """Lane on a connection of asyncpg."""

    def run(
        self, text: str, values: Sequence[Any], claim: Claim | None
    ) -> Awaitable[Sequence[Row]]:
        connection: PostgreSQLConnection = self.connection
        if claim is not None:
            return connection.read(text, values, claim)
        rows: Awaitable[Sequence[Row]] = connection.fetch(text, *values)
        return rows

    def control(self, text: str) -> Awaitable[object]:
        connection: PostgreSQLConnection = self.connection
        return connection.execute(text)

    @property
    def is_open(self) -> bool:
        return not self.connection.is_closed()

    @property
    def in_transaction(self) -> bool:
        return bool(self.connection.is_in_transaction())

    @property
    def is_idle(self) -> bool:
        connection = self.connection
        return not (connection.is_closed() or connection.is_in_transaction())

    async def undo(self) -> None:
        # The server is still told to cancel; a new connection costs less than waiting for that.
        raise ConnectionAbortedError("cancelled")
