"""Queue of writers for SQLite, which has one writer at a time and no fair queue of its own."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Generic, TypeVar

from msgspec import Struct

from ...errors import Contention
from .fair_queue import FairQueue

T = TypeVar("T")


class WriteQueue:
    """Queue of the writers of one process, in arrival order.

    SQLite's own waiting polls at growing intervals, so that a writer may wait long while later ones
    overtake it. Writers of other processes still wait that way.

    Args:
        timeout_s: Seconds that a writer waits for its turn.
    """

    def __init__(self, timeout_s: float) -> None:
        self._turn = FairQueue(1)
        self._turn.patience.limit_s = timeout_s
        self._turn.put_nowait(self)

    def take(self, work: AbstractAsyncContextManager[T]) -> Turn[T]:
        """Enter a context in its turn, and pass the turn on when the context ends.

        Raises:
            Contention: The turn did not come in time.
        """
        return Turn(self, work)

    async def begin(self) -> None:
        """Wait for a turn.

        Raises:
            Contention: The turn did not come in time.
        """
        if self._turn.idle:
            self._turn.idle.pop()
            return
        try:
            await self._turn.wait()
        except TimeoutError:
            raise Contention() from None

    def end(self) -> None:
        """Pass the turn on."""
        self._turn.put_nowait(self)


class Turn(Struct, Generic[T], frozen=True):
    """Context that is entered in its turn.

    Args:
        turns: The queue.
        work: The context.
    """

    turns: WriteQueue
    work: AbstractAsyncContextManager[T]

    async def __aenter__(self) -> T:
        await self.turns.begin()
        try:
            return await self.work.__aenter__()
        except BaseException:
            self.turns.end()
            raise

    async def __aexit__(
        self,
        cls: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        try:
            return await self.work.__aexit__(cls, error, traceback)
        finally:
            self.turns.end()
