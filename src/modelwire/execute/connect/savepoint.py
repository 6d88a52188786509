"""Savepoints, on either lane."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

from ...errors import ModelwireError

NAME = "modelwire_part"

_SAVE = f"SAVEPOINT {NAME}"
_RELEASE = f"RELEASE SAVEPOINT {NAME}"
_UNDO = (f"ROLLBACK TO SAVEPOINT {NAME}", _RELEASE)
# Deferred constraints are checked now; afterwards later parts may defer them again.
_CHECK = ("SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED")

Control = Callable[..., Awaitable[None]]
"""Function that runs SQL texts for the control of a transaction, one after another."""


class Part(Protocol):
    """Savepoint on a lane."""

    async def begin(self) -> None:
        """Set the savepoint."""

    async def end(self, texts: Sequence[str]) -> None:
        """Release the savepoint, after some SQL texts."""

    async def undo(self) -> None:
        """Roll back to the savepoint, and release it."""


class TextPart:
    """Savepoint by SQL texts.

    Args:
        control: Runs them.
    """

    def __init__(self, control: Control) -> None:
        self._control = control

    async def begin(self) -> None:
        """Set the savepoint."""
        await self._control(_SAVE)

    async def end(self, texts: Sequence[str]) -> None:
        """Release the savepoint, after some SQL texts."""
        await self._control(*texts, _RELEASE)

    async def undo(self) -> None:
        """Roll back to the savepoint, and release it."""
        await self._control(*_UNDO)


class SessionPart:
    """Savepoint of a session, whose rollback also restores the session's objects.

    Args:
        session: The session.
        control: Runs SQL texts in it.
        translate: Translates exceptions of the session.
    """

    _nested: AsyncSessionTransaction
    _driver: Any

    def __init__(
        self,
        session: AsyncSession,
        control: Control,
        translate: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._session = session
        self._control = control
        self._translate = translate

    async def begin(self) -> None:
        """Set the savepoint."""
        with self._translate():
            self._nested = await self._session.begin_nested()
            # A session sends nothing before its connection is requested.
            connection = await self._session.connection()
            self._driver = (await connection.get_raw_connection()).driver_connection

    async def end(self, texts: Sequence[str]) -> None:
        """Release the savepoint, after some SQL texts."""
        await self._control(*texts)
        with self._translate():
            await self._nested.commit()

    async def undo(self) -> None:
        """Roll back to the savepoint, and release it.

        Raises:
            ModelwireError: The savepoint was lost with its whole transaction.
        """
        is_gone = getattr(self._driver, "in_transaction", True) is False
        with self._translate():
            await self._nested.rollback()
        if is_gone:
            await self._driver.rollback()  # the outer savepoints were lost as well
            raise ModelwireError("The transaction is gone")


class Undone(ModelwireError):
    """An error has ended the whole transaction, and not only the part where it was raised.

    Args:
        error: The error.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Savepoint:
    """Part of a transaction, for as long as its block runs: an error rolls back only this part.

    Args:
        part: The savepoint.
        checks: Whether deferred constraints are checked at its end, where the database can do so
            before COMMIT (PostgreSQL manual, SET CONSTRAINTS).

    Raises:
        ConstraintViolation: A deferred constraint fired at its end.
        Undone: The transaction was ended by a trigger (SQLite manual, RAISE), or with its
            connection.
    """

    __slots__ = ("_checks", "_part")

    def __init__(self, part: Part, *, checks: bool) -> None:
        self._part = part
        self._checks = checks

    async def __aenter__(self) -> None:
        await self._part.begin()

    async def __aexit__(self, _cls: Any, error: BaseException | None, _traceback: Any) -> None:
        if error is None:
            await self._end()
        elif isinstance(error, Exception) and not isinstance(error, Undone):
            await self._undo(error)

    async def _end(self) -> None:
        try:
            await self._part.end(_CHECK if self._checks else ())
        except ModelwireError as exc:
            await self._undo(exc)
            raise

    async def _undo(self, error: Exception) -> None:
        try:
            await self._part.undo()
        except ModelwireError:
            raise Undone(error) from error
