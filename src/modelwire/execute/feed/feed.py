"""The one reader of the log in a process: it tells all who wait how far they can read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ...errors import ModelwireError
from ..failure import describe_failure
from ..faults.translate import DRIVER_ERRORS
from .horizon import Horizon
from .watch import Watch

logger = logging.getLogger("modelwire")

LEAST_S = 0.005
"""Seconds between two looks, at least: what comes meanwhile is seen together."""

HELD_UP_S = 0.02
"""Seconds between two looks while a transaction is waited for, of whose end nothing tells."""

_FAULTS = (ModelwireError, *DRIVER_ERRORS)

_FAILED_S = (0.05, 2.0)
"""Seconds until a look that has failed is tried again, at first and at most."""


class Feed:
    """Tells how far the log of changes is final, as soon as that is further.

    However many wait, one task looks, on a connection that is none of the pool's. It begins with
    whoever asks first, and ends with `close`.

    Args:
        make: Makes what looks at the database.
    """

    def __init__(self, make: Callable[[], Watch]) -> None:
        self._make = make
        self._reader: _Reader | None = None

    async def find(self, patience_s: float) -> int | None:
        """Find a number up to which all is final.

        Args:
            patience_s: Seconds that it may take, where nothing is known yet.

        Returns:
            The number: a statement that begins after this reads all that was changed up to it. None
            where it is not known in time.
        """
        return await self._read().find(patience_s)

    async def wait(self, after: int, limit_s: float) -> int:
        """Wait until more is final.

        Args:
            after: The number behind which more is waited for.
            limit_s: Seconds to wait, at most.

        Returns:
            The last number that is final; `after` where none behind it is.
        """
        return await self._read().wait(after, limit_s)

    def ring(self) -> None:
        """Say that this process has committed something to the log.

        It is seen some time later all the same.
        """
        if self._reader is not None:
            self._reader.ring()

    async def close(self) -> None:
        """End, and let go of the connection."""
        reader, self._reader = self._reader, None
        if reader is not None and reader.is_here:
            await reader.close()

    def _read(self) -> _Reader:
        if self._reader is None or not self._reader.is_here:
            self._reader = _Reader(self._make())
        return self._reader


class _Reader:
    """Looks at the log in one event loop."""

    def __init__(self, watch: Watch) -> None:
        self._loop = asyncio.get_running_loop()
        self._watch = watch
        self._horizon = Horizon()
        self._is_rung = asyncio.Event()
        self._waiting = 0
        self._failures = 0
        self._news: asyncio.Future[None] = self._loop.create_future()
        self._task = self._loop.create_task(self._run())

    @property
    def is_here(self) -> bool:
        """Whether it belongs to the event loop that is running, and runs."""
        return self._loop is asyncio.get_running_loop() and not self._task.done()

    async def find(self, patience_s: float) -> int | None:
        if self._watch.rests:
            # What was known before a rest may be old: all since then would be read once more.
            with suppress(*_FAULTS):
                await self._look()
        elif self._horizon.final is None:
            await self._stay(patience_s)
        return self._horizon.final

    async def wait(self, after: int, limit_s: float) -> int:
        until_s = self._loop.time() + limit_s
        while (final := self._horizon.final) is None or final <= after:
            left_s = until_s - self._loop.time()
            if left_s <= 0:
                return after
            await self._stay(left_s)
        return final

    def ring(self) -> None:
        self._is_rung.set()

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _stay(self, limit_s: float) -> None:
        """Wait for news; the first one who does ends a rest."""
        self._waiting += 1
        if self._waiting == 1 and self._watch.rests:
            self.ring()
        try:
            await asyncio.wait([self._news], timeout=limit_s)
        finally:
            self._waiting -= 1

    async def _run(self) -> None:
        try:
            while True:
                with _noted(self):
                    await self._watch.open(self.ring)
                    await self._look_on()
                await self._watch.close()
                await asyncio.sleep(min(_FAILED_S[0] * 2**self._failures, _FAILED_S[1]))
                self._failures += 1
        finally:
            await self._watch.close()

    async def _look_on(self) -> None:
        while True:
            self._is_rung.clear()
            await self._look()
            await asyncio.sleep(LEAST_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_rung.wait(), self._pause_s)

    async def _look(self) -> None:
        look = await self._watch.look(self._horizon.seen)
        self._failures = 0
        if self._horizon.note(look):
            news, self._news = self._news, self._loop.create_future()
            news.set_result(None)

    @property
    def _pause_s(self) -> float | None:
        if self._horizon.is_waiting:
            return HELD_UP_S
        return None if self._watch.rests and not self._waiting else self._watch.pause_s

    def note_failure(self, error: BaseException) -> None:
        """Say in the log that the database can't be looked at; once, however long it lasts."""
        if not self._failures:
            logger.warning(_FAILED, describe_failure(error) or type(error).__name__)


@contextmanager
def _noted(reader: _Reader) -> Iterator[None]:
    try:
        yield
    except _FAULTS as error:
        reader.note_failure(error)


_FAILED = (
    "Changes can't be followed: the database gives no answer (%s). Who waits for them waits until "
    "it does"
)
