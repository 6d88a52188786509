"""The one reader of the log in a process: it tells all who wait how far they can read."""

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
        prepare: Sees to it that the log is there.
    """

    def __init__(self, make: Callable[[], Watch], prepare: Callable[[], Awaitable[None]]) -> None:
        self._make = make
        self._prepare = prepare
        self._reader: _Reader | None = None

    async def find(self, patience_s: float) -> int | None:
        """Find the last number that is final by now.

        Those who ask at the same time share one look.

        Args:
            patience_s: Seconds that it may take, while the database can't be looked at.

        Returns:
            The number: a statement that begins after this reads all that was changed up to it.
            Where it takes too long, one that was final before; None if there is none.
        """
        return await self._read().find(patience_s)

    async def wait(self, after: int, limit_s: float) -> int:
        """Wait until more is final.

        Args:
            after: The number behind which more is waited for.
            limit_s: Seconds to wait, at most; none once the server of the request at hand stops.

        Returns:
            The last number that is final; `after` where none behind it is.
        """
        return await self._read().wait(after, limit_s)

    def ring(self) -> None:
        """Say that this process has committed something: what looks from time to time looks now."""
        if self._reader is not None and self._reader.is_here:
            self._reader.ring()

    async def close(self) -> None:
        """End, and let go of the connection."""
        reader, self._reader = self._reader, None
        if reader is not None and reader.is_here:
            await reader.close()

    def _read(self) -> _Reader:
        if self._reader is None or not self._reader.is_here:
            self._reader = _Reader(self._make(), self._prepare)
        return self._reader


class _Reader:
    """Looks at the log in one event loop."""

    def __init__(self, watch: Watch, prepare: Callable[[], Awaitable[None]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._watch = watch
        self._prepare = prepare
        self._horizon = Horizon()
        self._is_ready = asyncio.Event()
        self._is_rung = asyncio.Event()
        self._waiting = 0
        self._failures = 0
        self._news: asyncio.Future[None] = self._loop.create_future()
        self._next: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        # It belongs to no request, also not to the one that has come first.
        self._task = self._loop.create_task(self._run(), context=Context())
        self._task.add_done_callback(_report)

    @property
    def is_here(self) -> bool:
        """Whether it belongs to the event loop that is running, and runs."""
        return self._loop is asyncio.get_running_loop() and not self._task.done()

    async def find(self, patience_s: float) -> int | None:
        with suppress(TimeoutError, *_FAULTS):
            async with asyncio.timeout(patience_s):
                await self._is_ready.wait()
                if self._next is None:
                    self._next = self._loop.create_task(self._look(), context=Context())
                    self._next.add_done_callback(_retrieve)
                await asyncio.shield(self._next)
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
        """Wait for news; the first one who does ends a rest."""
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
                with suppress(*_FAULTS):
                    await self._look_on()
                raise_if_cancelled()
                self._is_ready.clear()
                await self._watch.close()
                await asyncio.sleep(min(_FAILED_S[0] * 2**self._failures, _FAILED_S[1]))
                self._failures = min(self._failures + 1, 10)
        finally:
            self._is_ready.clear()
            await self._watch.close()

    async def _look_on(self) -> None:
        """Look again and again; what stands in the way is logged once, however long it lasts."""
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
            raise

    async def _look(self) -> None:
        async with self._turn:
            if asyncio.current_task() is self._next:
                self._next = None  # whoever asks from now on is told by another one
            if not self._is_ready.is_set():
                raise ConnectionAbortedError("Changes are no longer followed here")
            if self._horizon.note(await self._watch.look(self._horizon.seen)):
                news, self._news = self._news, self._loop.create_future()
                news.set_result(None)

    @property
    def _pause_s(self) -> float | None:
        if self._horizon.is_waiting:
            return HELD_UP_S
        return None if self._watch.rests and not self._waiting else self._watch.pause_s


def _report(run: asyncio.Task[None]) -> None:
    """Say in the log what nobody has expected; whoever asks next begins anew."""
    if not run.cancelled() and (error := run.exception()) is not None:
        logger.error("Following changes has failed", exc_info=error)


def _retrieve(look: asyncio.Task[None]) -> None:
    """Take note of what a look has raised, also where nobody waits for it any more."""
    if not look.cancelled():
        look.exception()


_FAILED = (
    "Changes can't be followed: the database gives no answer (%s). Who waits for them waits until "
    "it does"
)
