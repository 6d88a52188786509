"""Single reader of the log in a process, which tells all waiters how far they can read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context

from ...errors import ModelwireError
from ...overtime import raise_if_cancelled
from ..failure import describe_failure
from ..faults.translate import DRIVER_ERRORS
from .horizon import Horizon
from .stopping import STOPPING
from .watch import Watch

logger = logging.getLogger("modelwire")

LEAST_S = 0.005
"""Minimum interval between two looks, in seconds; one look covers all changes since the last."""

HELD_UP_S = 0.02
"""Seconds between two looks while an open transaction is awaited, whose end is not notified."""

_FAULTS = (ModelwireError, *DRIVER_ERRORS)

_FAILED_S = (0.05, 2.0)
"""First and longest delay before a failed look is retried, in seconds."""


class Feed:
    """Feed of the position up to which the log of changes is final.

    However many waiters there are, one task looks, on a connection of its own outside of the pool.
    It starts with the first waiter, and ends with `close`.

    Args:
        make: Makes the watch that looks at the database.
        prepare: Makes sure that the log exists.
    """

    def __init__(self, make: Callable[[], Watch], prepare: Callable[[], Awaitable[None]]) -> None:
        self._make = make
        self._prepare = prepare
        self._reader: _Reader | None = None

    async def find(self, patience_s: float) -> int | None:
        """Find the last number that is final by now.

        Concurrent calls share one look.

        Args:
            patience_s: Seconds to wait while the database can't be reached.

        Returns:
            The number: a statement that begins after this reads all changes up to it. If it takes
            too long, a number that was final before; None if none is known.
        """
        return await self._read().find(patience_s)

    async def wait(self, after: int, limit_s: float) -> int:
        """Wait until more is final.

        Args:
            after: The number after which more is awaited.
            limit_s: Seconds to wait, at most; not beyond the stop of the current request's server.

        Returns:
            The last number that is final; `after` if none after it is.
        """
        return await self._read().wait(after, limit_s)

    def ring(self) -> None:
        """Note that this process has committed: a watch that polls looks at once."""
        if self._reader is not None and self._reader.is_here:
            self._reader.ring()

    async def close(self) -> None:
        """End the task, and close its connection."""
        reader, self._reader = self._reader, None
        if reader is not None and reader.is_here:
            await reader.close()

    def _read(self) -> _Reader:
        if self._reader is None or not self._reader.is_here:
            self._reader = _Reader(self._make(), self._prepare)
        return self._reader


class _Reader:
    """Reader of the log in one event loop."""

    def __init__(self, watch: Watch, prepare: Callable[[], Awaitable[None]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._watch = watch
        self._prepare = prepare
        self._horizon = Horizon()
        self._is_ready = asyncio.Event()
        self._is_rung = asyncio.Event()
        self._is_ending = False
        self._waiting = 0
        self._failures = 0
        self._news: asyncio.Future[None] = self._loop.create_future()
        self._next: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        # In a context of its own, since it belongs to no request, not even to the first.
        self._task = self._loop.create_task(self._run(), context=Context())
        self._task.add_done_callback(_report)

    @property
    def is_here(self) -> bool:
        """Whether the reader belongs to the running event loop, and is alive."""
        return self._loop is asyncio.get_running_loop() and not self._task.done()

    async def find(self, patience_s: float) -> int | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while not await self._has_looked():
                    if self._is_ending:
                        return self._horizon.final
                if self._horizon.is_waiting:
                    self._is_rung.set()
                while self._horizon.final is None:
                    await asyncio.wait([self._news])
        return self._horizon.final

    async def wait(self, after: int, limit_s: float) -> int:
        until_s = self._loop.time() + limit_s
        stopping = STOPPING.get()
        while (final := self._horizon.final) is None or final <= after:
            left_s = until_s - self._loop.time()
            if left_s <= 0 or (stopping is not None and stopping.begun.done()):
                return after
            await self._stay(left_s, None if stopping is None else stopping.begun)
        return final

    def ring(self) -> None:
        if self._waiting and self._watch.rests:
            self._is_rung.set()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _stay(self, limit_s: float, stopping: asyncio.Future[None] | None = None) -> None:
        """Wait for news; the first waiter ends a rest."""
        self._waiting += 1
        if self._waiting == 1 and self._watch.rests:
            self._is_rung.set()
        until = [self._news] if stopping is None else [self._news, stopping]
        try:
            await asyncio.wait(until, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting -= 1

    async def _run(self) -> None:
        try:
            while True:
                await self._look_on()
                raise_if_cancelled()
                self._is_ready.clear()
                await self._watch.close()
                await asyncio.sleep(min(_FAILED_S[0] * 2**self._failures, _FAILED_S[1]))
                self._failures = min(self._failures + 1, 10)
        finally:
            self._is_ending = True
            self._is_ready.clear()
            await self._watch.close()

    async def _look_on(self) -> None:
        """Look repeatedly, until that fails; consecutive failures are logged once."""
        try:
            await self._prepare()
            await self._watch.open(self._is_rung.set)
            self._horizon.begin_anew()
            self._is_ready.set()
            while True:
                self._is_rung.clear()
                await self._look()
                self._failures = 0
                await asyncio.sleep(LEAST_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause_s):
                        await self._is_rung.wait()
        except _FAULTS as error:
            if not self._failures:
                logger.warning(_FAILED, describe_failure(error) or type(error).__name__)

    async def _has_looked(self) -> bool:
        """Look once the database can be reached; whether that has succeeded."""
        await self._is_ready.wait()
        if self._next is None:
            self._next = self._loop.create_task(self._look(), context=Context())
            self._next.add_done_callback(_retrieve)
        with suppress(*_FAULTS):
            await asyncio.shield(self._next)
            return True
        return False

    async def _look(self) -> None:
        async with self._turn:
            if asyncio.current_task() is self._next:
                self._next = None  # later calls share another look
            if not self._is_ready.is_set():
                raise ConnectionAbortedError("Changes are no longer followed here")
            try:
                look = await self._watch.look(self._horizon.seen)
            except _FAULTS:
                self._is_ready.clear()
                self._is_rung.set()  # the reader opens the watch again
                raise
            if self._horizon.note(look):
                news, self._news = self._news, self._loop.create_future()
                news.set_result(None)

    @property
    def _pause_s(self) -> float | None:
        if self._horizon.is_waiting:
            return HELD_UP_S
        return None if self._watch.rests and not self._waiting else self._watch.pause_s


def _report(run: asyncio.Task[None]) -> None:
    """Log an unexpected failure; the next call starts a new reader."""
    if not run.cancelled() and (error := run.exception()) is not None:
        logger.error("Following changes has failed", exc_info=error)


def _retrieve(look: asyncio.Task[None]) -> None:
    """Retrieve the exception of a look, even if its callers have gone."""
    if not look.cancelled():
        look.exception()


_FAILED = (
    "Changes can't be followed: the database does not answer (%s). Followers wait until it does"
)
