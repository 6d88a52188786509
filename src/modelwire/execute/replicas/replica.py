"""One copy of a database."""

from __future__ import annotations

import asyncio
import time
from typing import Generic

from ...errors import RequestError
from .positions import Position, PositionReader
from .server import D

FRESH_S = 1.0
"""Seconds after which a copy is asked anew how far it is, and whether it answers at all."""

FIRST_PAUSE_S = 0.002
LONGEST_PAUSE_S = 0.05
"""Seconds between two looks how far a copy is: those of the first pause, and of the longest."""


class Replica(Generic[D]):
    """A copy of a database, and what is known of it.

    Args:
        database: Where it is.

    Attributes:
        database: The same.
        name: What it is called in metrics and health: its host and port.
        reads: Requests that it was chosen for.
        found_s: When it has last answered or failed, by `time.time`; 0 for never.
    """

    def __init__(self, database: D) -> None:
        self.database = database
        self.name = str(database.servers[0]) if database.servers else str(database)
        self.reads = 0
        self.found_s = 0.0
        self._reader = PositionReader(database)
        self._known = Position(-1, is_copy=True)
        self._looked_s = -FRESH_S
        self._is_up = False

    @property
    def known(self) -> Position:
        """How far it was when it was last asked; -1 where it has never been."""
        return self._known

    @property
    def is_up(self) -> bool:
        """Whether it has answered since it last failed."""
        return self._is_up

    @property
    def is_stale(self) -> bool:
        """Whether it has not been asked for a while."""
        return time.monotonic() - self._looked_s >= FRESH_S

    @property
    def busy(self) -> tuple[bool, int]:
        """How busy it is; one that is no copy any more comes after those that are."""
        state = self.database.pool_state
        return not self._known.is_copy, state.in_use + state.waiting

    def retire(self) -> None:
        """Leave it alone until it answers again: it has failed."""
        self._find(is_up=False)

    async def look(self) -> Position:
        """Ask how far it is.

        Raises:
            RequestError: It does not answer; it is left alone until it does.
        """
        self._looked_s = time.monotonic()
        try:
            self._known = await self._reader.read()
        except RequestError:
            self._find(is_up=False)
            raise
        self._find(is_up=True)
        return self._known

    def _find(self, *, is_up: bool) -> None:
        self._is_up, self.found_s = is_up, time.time()

    async def reach(self, position: int, wait_s: float) -> bool:
        """Wait until it has come to a position.

        Args:
            position: The position.
            wait_s: Seconds to wait, at most.

        Returns:
            Whether it has.
        """
        pause_s, until_s = FIRST_PAUSE_S, time.monotonic() + wait_s
        try:
            async with asyncio.timeout(max(wait_s, FIRST_PAUSE_S)):
                while (await self.look()).reached < position:
                    if time.monotonic() + pause_s > until_s:
                        return False
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        except TimeoutError:
            return False
        except RequestError:
            return False
        return True
