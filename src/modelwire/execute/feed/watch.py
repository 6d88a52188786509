"""What the feed asks of a database, which looks at the log in its own way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .horizon import Look


class Watch(Protocol):
    """Looks at the log of one database.

    Attributes:
        pause_s: Seconds after which it is looked at without a reason, while somebody waits.
        rests: Whether that is not needed while nobody waits, since each look tells all.
    """

    pause_s: float
    rests: bool

    async def open(self, ring: Callable[[], object], /) -> None:
        """Begin.

        Args:
            ring: Is called where there may be more to see.
        """

    async def look(self, seen: int, /) -> Look:
        """Look at the log.

        Args:
            seen: The highest number that was seen.
        """

    async def close(self) -> None:
        """Let go of what was opened."""
