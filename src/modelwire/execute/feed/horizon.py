"""Horizon of the log of changes: no change can appear at or below its last final number any more.

Numbers are assigned before commits, so one may appear after higher ones. A transaction has its id
before it draws a number, since it writes the row first. So a number, and all below it, is final
once every transaction has ended that had begun when it was first seen. The log's rows do not
record this, and it also holds for a log that was copied to another server.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple


class Look(NamedTuple):
    """Result of one look at the database, as of one moment.

    Args:
        highest: The highest committed number; 0 if there is none.
        next: A transaction id not yet assigned at that moment; None where `highest` is known.
        oldest: The oldest transaction that had not ended.
    """

    highest: int
    next: int | None
    oldest: int


class Horizon:
    """Position up to which the log is known to be final.

    Attributes:
        final: The last final number; None until one is known.
        seen: The highest number seen.
    """

    def __init__(self) -> None:
        self.final: int | None = None
        self.seen = -1
        self._waiting: deque[tuple[int, int]] = deque()

    def begin_anew(self) -> None:
        """Forget the awaited transactions, since another server may count them differently."""
        self.seen = -1
        self._waiting.clear()

    def note(self, look: Look) -> bool:
        """Note the result of a look.

        Returns:
            Whether more is final than before.
        """
        if look.next is not None and look.highest > self.seen:
            self.seen = look.highest
            self._waiting.append((look.next, look.highest))
        before = self.final
        while self._waiting and self._waiting[0][0] <= look.oldest:
            self.final = self._waiting.popleft()[1]
        return self.final != before

    @property
    def is_waiting(self) -> bool:
        """Whether a number was seen that is not final."""
        return bool(self._waiting)
