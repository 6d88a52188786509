"""Savepoints: a part of a transaction that can be undone alone, on either lane."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ...errors import ModelwireError

NAME = "modelwire_part"

_SAVE = f"SAVEPOINT {NAME}"
_RELEASE = f"RELEASE SAVEPOINT {NAME}"
_UNDO = (f"ROLLBACK TO SAVEPOINT {NAME}", _RELEASE)
# What is deferred is looked at now; then later parts may defer it again.
_CHECK = ("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED")

Control = Callable[..., Awaitable[None]]
"""Runs SQL texts, one after another, that concern the transaction."""


class Undone(ModelwireError):
    """An error took the whole transaction with it, and not just the part in which it came up.

    Args:
        error: What was raised in that part.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Savepoint:
    """A part of a transaction, for as long as its block runs: an error undoes it, and it alone.

    Args:
        control: Runs SQL texts on the lane.
        checks: Whether deferred constraints are checked at its end, where the database can do so
            before COMMIT (PostgreSQL manual, SET CONSTRAINTS).

    Raises:
        ConstraintViolation: A deferred constraint fired at its end.
        Undone: The transaction is gone, by a trigger that ended it (SQLite manual, RAISE) or with
            its connection.
    """

    __slots__ = ("_checks", "_control")

    def __init__(self, control: Control, *, checks: bool) -> None:
        self._control = control
        self._checks = checks

    async def __aenter__(self) -> None:
        await self._control(_SAVE)

    async def __aexit__(self, _cls: Any, error: BaseException | None, _traceback: Any) -> None:
        if error is None:
            await self._end()
        elif isinstance(error, Exception) and not isinstance(error, Undone):
            await self._undo(error)

    async def _end(self) -> None:
        try:
            await self._control(*(_CHECK if self._checks else ()), _RELEASE)
        except ModelwireError as exc:
            await self._undo(exc)
            raise

    async def _undo(self, error: Exception) -> None:
        try:
            await self._control(*_UNDO)
        except ModelwireError:
            raise Undone(error) from error
