"""Turns to write: SQLite has one writer at a time, and its own waiting is by chance."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from ..errors import Contention
from .pool import FairQueue

T = TypeVar("T")


class Turns:
    """Lets the writers of one process write one after the other, in the order in which they came.

    SQLite lets them try again and again, at growing intervals, so that one may wait long while
    others that came later go before it. Writers of other processes it still makes wait that way.

    Args:
        timeout_s: Seconds that one waits for its turn.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._turn = FairQueue(1)
        self._turn.put_nowait(self)

    @asynccontextmanager
    async def take(self, work: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
        """Enter a context in its turn, and pass the turn on when that has ended.

        Raises:
            Contention: The turn did not come in time.
        """
        if self._turn.empty():
            try:
                await self._turn.wait(self._timeout_s)
            except TimeoutError:
                raise Contention() from None
        turn = self._turn.get_nowait()
        try:
            async with work as entered:
                yield entered
        finally:
            self._turn.put_nowait(turn)
