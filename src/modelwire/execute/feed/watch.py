"""Interface through which the feed watches a database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .horizon import Look


class Watch(Protocol):
    """Watch of the log of one database.

    Attributes:
        pause_s: Seconds between two looks without a notification, while there are waiters.
        rests: Whether no looks are needed without waiters, since each look reports everything.
    """

    pause_s: float
    rests: bool

    async def open(self, ring: Callable[[], object], /) -> None:
        """Begin to watch.

        Args:
            ring: Called when there may be more to see.
        """

    async def look(self, seen: int, /) -> Look:
        """Look at the log.

        Args:
            seen: The highest number seen so far.
        """

    async def close(self) -> None:
        """Release what was opened."""
