"""Limit on the number of concurrent long reads, so that other requests find a connection.

A statement that a client composes may take a thousand times longer than others, and a few of them
would take every connection. So long reads have half as many slots as there are connections. A
statement known to be long waits for a slot before it takes a connection; an unknown one requests a
slot, and goes on without if none comes free at once. A statement that turns out to be long needs a
slot from then on, or is ended.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Self

from msgspec import Struct

from ...errors import RequestError, TimedOut, Unavailable
from ...overtime import TimeLimit
from ...statement.statements import Statement
from .fair_queue import FairQueue

QUICK_S = 0.2
"""Maximum duration of a quick read, in seconds; longer ones give way to waiters."""

SLOW_S = 1.0
"""Duration in seconds from which a read needs a slot in any case."""

REMEMBERED_S = 5.0
"""Seconds for which a slow read is remembered as slow."""

_KNOWN = 1024
"""Maximum number of remembered statements; the oldest are dropped first."""


class Slots:
    """Slots for the long reads of one database.

    Args:
        pool_size: The number of connections, half of which is the number of slots.
        wait_s: Seconds that a read waits for a slot.
        read_s: Seconds that a read may keep its slot.
        is_pressed: Whether there are waiters for a connection.
    """

    def __init__(
        self, pool_size: int, wait_s: float, read_s: float, is_pressed: Callable[[], bool]
    ) -> None:
        count = max(1, pool_size // 2)
        self._free = FairQueue(count)
        self._free.patience.limit_s = wait_s
        for _ in range(count):
            self._free.put_nowait(self)
        self._retry_after_s = math.ceil(read_s)
        self._quick: dict[Statement, None] = {}
        self._slow: dict[Statement, float] = {}
        self.is_pressed = is_pressed

    def claim(self, statement: Statement | None = None) -> Claim:
        """Return the claim of a read to a slot, for as long as it has a connection.

        Args:
            statement: Its first statement; None for quick reads.
        """
        return Claim(self, statement, statement is None or statement in self._quick)

    def take_free(self) -> bool:
        """Take a slot; return False if none is free."""
        if self._free.empty():
            return False
        self._free.get_nowait()
        return True

    async def wait(self, statement: Statement) -> bool:
        """Wait for a slot; return False if none came free and the statement isn't known to be slow.

        Raises:
            Unavailable: No slot came free in time.
        """
        if not self._is_slow(statement):
            try:
                with TimeLimit(QUICK_S):
                    await self._free.wait()
            except TimeoutError:
                # Another read may have found the statement slow meanwhile.
                if not self._is_slow(statement):
                    return False
            else:
                return True
        try:
            await self._free.wait()
        except TimeoutError:
            raise self.refusal() from None
        return True

    def put_back(self) -> None:
        """Return a slot."""
        self._free.put_nowait(self)

    def refusal(self) -> Unavailable:
        """Return the error of a read that gets no slot."""
        return Unavailable("Too many requests that take long", self._retry_after_s)

    def note_quick(self, statement: Statement) -> None:
        """Remember a quick read. After a slow one, a single quick one does not count."""
        if self._slow.pop(statement, None) is None:
            self._quick[statement] = None
            if len(self._quick) > _KNOWN:
                del self._quick[next(iter(self._quick))]

    def note_long(self, statement: Statement, *, is_slow: bool) -> None:
        """Remember that a read is not quick, or that it is slow."""
        self._quick.pop(statement, None)
        if is_slow:
            self._slow[statement] = time.monotonic() + REMEMBERED_S
            if len(self._slow) > _KNOWN:
                del self._slow[next(iter(self._slow))]

    def _is_slow(self, statement: Statement) -> bool:
        return self._slow.get(statement, 0.0) > time.monotonic()


class Claim(Struct, eq=False):
    """Claim of a read to a slot; as a context, it ends with its block.

    Args:
        slots: The slots.
        statement: Its first statement, if its duration is known by that.
        is_quick: Whether it is known to be quick.
        is_refused: Whether it was ended for lack of a slot.
        has_slot: Whether it has a slot.
        seen_s: The time of its first look, if there was one.
    """

    slots: Slots
    statement: Statement | None
    is_quick: bool
    is_refused: bool = False
    has_slot: bool = False
    seen_s: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _cls: object, error: BaseException | None, _traceback: object) -> None:
        self.end(error)

    async def begin(self) -> None:
        """Take a slot, unless the read is known to be quick, or may be quick and no slot is free.

        Raises:
            Unavailable: The read is known to be slow, and no slot came free in time.
        """
        if self.statement is not None and not self.is_quick:
            slots = self.slots
            self.has_slot = slots.take_free() or await slots.wait(self.statement)

    def may_go_on(self, now_s: float) -> bool:
        """Whether the read may go on; called at intervals while it runs.

        Args:
            now_s: The time, by the clock of the event loop.
        """
        if self.seen_s is None:
            self.seen_s = now_s
        taken_s = now_s - self.seen_s
        if taken_s >= QUICK_S:
            self._note_long(taken_s)
        if not self.has_slot and taken_s >= (QUICK_S if self.slots.is_pressed() else SLOW_S):
            self.has_slot = not self.is_refused and self.slots.take_free()
            self.is_refused = not self.has_slot
        return not self.is_refused

    def _note_long(self, taken_s: float) -> None:
        if self.statement is not None:
            # A read that was quick so far may have been delayed once, like all others at that time.
            is_slow = not self.is_quick or taken_s >= SLOW_S
            self.slots.note_long(self.statement, is_slow=is_slow)

    def refusal(self) -> Unavailable:
        """Return the error for a read that was ended for lack of a slot."""
        return self.slots.refusal()

    def end(self, error: BaseException | None) -> None:
        """End the claim, since the read has returned its connection.

        Args:
            error: The error that has ended the read, if any.
        """
        slots = self.slots
        if self.has_slot:
            slots.put_back()
        if self.statement is None or self.is_quick or not _is_own(error):
            return
        if self.seen_s is None or asyncio.get_running_loop().time() < self.seen_s + QUICK_S:
            slots.note_quick(self.statement)


def _is_own(error: BaseException | None) -> bool:
    """Whether a read has ended by itself."""
    refused = isinstance(error, RequestError) and not isinstance(error, (TimedOut, Unavailable))
    return error is None or refused
