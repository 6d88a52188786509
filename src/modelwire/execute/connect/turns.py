"""Queue of writers for SQLite, which has one writer at a time and no fair queue of its own."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Generic, TypeVar

from msgspec import Struct

from ...errors import Contention
from .fair_queue import FairQueue

T = TypeVar("T")


class WriteQueue(FairQueue):
    """Queue of the writers of one process, in arrival order, with the turn of the next one.

    SQLite's own waiting polls at growing intervals, so that a writer may wait long while later ones
    overtake it. Writers of other processes still wait that way.

    Args:
        timeout_s: Seconds that a writer waits for its turn.
    """

    def __init__(self, timeout_s: float) -> None:
        super().__init__(1)
        self.patience.limit_s = timeout_s
        self.put_nowait(self)


class WriteTurn(Struct, Generic[T], frozen=True):
    """Context that is entered in its turn, which is passed on when the context ends.

    Args:
        queue: The queue.
        work: The context.

    Raises:
        Contention: The turn did not come in time.
    """

    queue: WriteQueue
    work: AbstractAsyncContextManager[T]

    async def __aenter__(self) -> T:
        queue = self.queue
        if queue.idle:
            queue.idle.pop()
        else:
            try:
                await queue.wait()
            except TimeoutError:
                raise Contention() from None
        try:
            return await self.work.__aenter__()
        except BaseException:
            queue.put_nowait(queue)
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
            self.queue.put_nowait(self.queue)
