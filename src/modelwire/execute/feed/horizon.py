"""How far the log of changes is final: nothing can come before what is behind that any more.

Numbers are given out before commits, so one may appear after higher ones. Whoever was given a
number had a transaction of its own by then: it has written the row before it tells of that. So a
number is final, and all below it, once every transaction has ended that had begun when it was first
seen. That is told by no row of the log, and holds for a log that was copied to another server too.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple


class Look(NamedTuple):
    """What one look at the database tells, all of it as of one moment.

    Args:
        highest: The highest number that is committed; 0 where there is none.
        next: A transaction that has begun after that moment; None where `highest` is known.
        oldest: The oldest transaction that had not ended.
    """

    highest: int
    next: int | None
    oldest: int


class Horizon:
    """How far the log is known to be final.

    Attributes:
        final: The last number that is; None until any is known.
        seen: The highest number that was seen.
    """

    def __init__(self) -> None:
        self.final: int | None = None
        self.seen = -1
        self._waiting: deque[tuple[int, int]] = deque()

    def begin_anew(self) -> None:
        """Forget which transactions are waited for: another server may count them otherwise."""
        self.seen = -1
        self._waiting.clear()

    def note(self, look: Look) -> bool:
        """Note what a look has told.

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
        """Whether something was seen that is not final."""
        return bool(self._waiting)
