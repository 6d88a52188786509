"""Lane of a part of a transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager

from ...access.principal import Principal
from ...statement.statements import Statement, Values
from .lane import Lane, Row


class PartLane:
    """Lane of a part of a transaction, which the whole transaction ends.

    Args:
        lane: The lane of the transaction.
        composed: Whether every statement is treated as composed by a client.
    """

    def __init__(self, lane: Lane, *, composed: bool = False) -> None:
        self._lane = lane
        self._run = lane.search if composed else lane.fetch

    @property
    def caller(self) -> Principal:
        """Caller of its statements."""
        return self._lane.caller

    @caller.setter
    def caller(self, caller: Principal) -> None:
        self._lane.caller = caller

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run a statement and read its rows."""
        return await self._run(statement, values)

    def search(self, statement: Statement, values: Values) -> Awaitable[Sequence[Row]]:
        """Run a statement that a client has composed, and read its rows."""
        return self._lane.search(statement, values)

    def savepoint(self, *, checks: bool = False) -> AbstractAsyncContextManager[None]:
        """Begin a savepoint, to which an error rolls back."""
        return self._lane.savepoint(checks=checks)

    async def commit(self) -> None:
        """Do nothing: the transaction is committed at its end."""

    async def restart(self) -> None:
        """Do nothing: a savepoint was rolled back."""

    async def roll_back(self) -> None:
        """Do nothing: a savepoint was rolled back."""
