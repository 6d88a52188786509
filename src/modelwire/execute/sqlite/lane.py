"""Driver lane on SQLite."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from ..connect.driver_lane import DriverLane, Row
from ..connect.slots import Claim
from .connection import SQLiteConnection
from .cursors import fetch_all


class AiosqliteLane(DriverLane):
    """Lane on a connection of aiosqlite, whose thread runs writes and all but short statements."""

    begin_text = "BEGIN IMMEDIATE"
    undo_text = "ROLLBACK"
    defers_checks = False
    joins_texts = False
    may_be_behind_pooler = False

    def run(
        self, text: str, values: Sequence[Any], claim: Claim | None
    ) -> Awaitable[Sequence[Row]]:
        connection: SQLiteConnection = self.connection
        if claim is None:
            return connection.run(fetch_all, connection.driver, text, values)
        in_thread = self._writes or self._transaction
        return connection.read(text, values, claim, in_thread=in_thread)

    def control(self, text: str) -> Awaitable[object]:
        connection: SQLiteConnection = self.connection
        return connection.run(fetch_all, connection.driver, text, ())

    @property
    def is_open(self) -> bool:
        return True

    @property
    def in_transaction(self) -> bool:
        return bool(self.connection.in_transaction)

    @property
    def is_idle(self) -> bool:
        return not self.connection.in_transaction

    async def undo(self) -> None:
        # The connection's thread runs one call after another, so the statement has ended here.
        await self.connection.rollback()
