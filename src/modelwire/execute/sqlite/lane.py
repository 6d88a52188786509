"""The driver lane on SQLite."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from ..connect.driver_lane import DriverLane, Row
from ..connect.slots import Claim
from .connection import SQLiteConnection


class AiosqliteLane(DriverLane):
    """Runs statements on a connection of aiosqlite: one hop to its thread for each that is not
    short, or writes."""

    begin_text = "BEGIN IMMEDIATE"
    undo_text = "ROLLBACK"
    defers_checks = False
    joins_texts = False
    may_be_behind_pooler = False

    def run(
        self, text: str, values: Sequence[Any], claim: Claim | None
    ) -> Awaitable[Sequence[Row]]:
        connection: SQLiteConnection = self._held.connection
        if claim is None:
            return connection.execute_fetchall(text, values)
        in_thread = self._writes or self._transaction
        return connection.read(text, values, claim, in_thread=in_thread)

    async def control(self, text: str) -> None:
        await self._held.connection.execute_fetchall(text)

    @property
    def is_open(self) -> bool:
        return True

    @property
    def in_transaction(self) -> bool:
        return bool(self._held.connection.in_transaction)

    async def undo(self) -> None:
        # The connection's thread does one thing after another: here the statement has ended.
        await self._held.connection.rollback()
