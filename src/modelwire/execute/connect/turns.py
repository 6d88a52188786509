"""A queue of writers: SQLite has one writer at a time, and its own waiting is by chance."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TypeVar

from ...errors import Contention
from .fair_queue import FairQueue

T = TypeVar("T")


class WriteQueue:
    """Lets the writers of one process write one after the other, in the order in which they came.

    SQLite lets them try again and again, at growing intervals, so that one may wait long while
    others that came later go before it. Writers of other processes it still makes wait that way.

    Args:
        timeout_s: Seconds that one waits for its turn.
    """

    def __init__(self, timeout_s: float) -> None:
        self._turn = FairQueue(1)
        self._turn.patience.limit_s = timeout_s
        self._turn.put_nowait(self)

    def take(self, work: AbstractAsyncContextManager[T]) -> Turn[T]:
        """Enter a context in its turn, and pass the turn on when that has ended.

        Raises:
            Contention: The turn did not come in time.
        """
        return Turn(self, work)

    async def begin(self) -> None:
        """Wait for a turn.

        Raises:
            Contention: It did not come in time.
        """
        if self._turn.idle:
            self._turn.get_nowait()
            return
        try:
            await self._turn.wait()
        except TimeoutError:
            raise Contention() from None

    def end(self) -> None:
        """Pass the turn on."""
        self._turn.put_nowait(self)


class Turn(AbstractAsyncContextManager[T]):
    """A context that is entered in its turn.

    Args:
        turns: The turns.
        work: The context.
    """

    __slots__ = ("_turns", "_work")

    def __init__(self, turns: WriteQueue, work: AbstractAsyncContextManager[T]) -> None:
        self._turns = turns
        self._work = work

    async def __aenter__(self) -> T:
        await self._turns.begin()
        try:
            return await self._work.__aenter__()
        except BaseException:
            self._turns.end()
            raise

    async def __aexit__(
        self,
        cls: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        try:
            return await self._work.__aexit__(cls, error, traceback)
        finally:
            self._turns.end()
