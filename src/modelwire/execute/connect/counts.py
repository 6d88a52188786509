"""Counts that requests share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Entry:
    """One count that requests are waiting for.

    Args:
        lock: Held by the request that counts.
        users: Requests that count or wait.
        begun: How often counting has begun.
        ended: Which of these times the outcome is of.
        outcome: What came out of it.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    begun: int = 0
    ended: int = 0
    outcome: int | Exception = 0


class SharedCounts:
    """Lets requests that ask for the same count at the same time share one.

    A request never gets a count that had begun before it came. One that comes while a count is
    running waits for its end, and shares the next one with all that came in the meantime. Whoever
    is next counts; if it is cancelled, another one does.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, _Entry] = {}

    async def find(self, key: Hashable, count: Callable[[], Awaitable[int]]) -> int:
        """Find a count.

        Args:
            key: What is counted.
            count: Counts it.

        Returns:
            The count, which began after this call.

        Raises:
            Exception: What the count has raised, to all that share it.
        """
        place = asyncio.get_running_loop(), key  # whoever waits does so in one loop
        entry = self._entries.setdefault(place, _Entry())
        came, entry.users = entry.begun, entry.users + 1
        try:
            async with entry.lock:
                if entry.ended <= came:
                    await _count(entry, count)
                outcome = entry.outcome
        finally:
            entry.users -= 1
            if not entry.users:
                self._entries.pop(place, None)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def _count(entry: _Entry, count: Callable[[], Awaitable[int]]) -> None:
    entry.begun += 1
    begun = entry.begun
    try:
        entry.outcome = await count()
    except Exception as exc:
        entry.outcome = exc
    entry.ended = begun
