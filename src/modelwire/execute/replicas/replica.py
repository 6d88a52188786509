"""Replica of a database."""

from __future__ import annotations

import asyncio
import time
from typing import Generic

from ...errors import RequestError
from .positions import Position, PositionReader
from .server import D

FRESH_S = 1.0
"""Interval at which a replica is asked for its position, and so for its availability."""

FIRST_PAUSE_S = 0.002
LONGEST_PAUSE_S = 0.05
"""First and longest pause in seconds between two queries for a replica's position."""


class Replica(Generic[D]):
    """Replica of a database, and its known state.

    Args:
        database: The database on its server.

    Attributes:
        database: The same.
        name: Its name in metrics and health: its host and port.
        reads: The number of requests that it was chosen for.
        found_s: The time of its last answer or failure, by `time.time`; 0 for never.
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
        """Its last known position; -1 if unknown."""
        return self._known

    @property
    def is_up(self) -> bool:
        """Whether it has answered since its last failure."""
        return self._is_up

    @property
    def is_stale(self) -> bool:
        """Whether its position has not been asked for recently."""
        return time.monotonic() - self._looked_s >= FRESH_S

    @property
    def busy(self) -> tuple[bool, int]:
        """Sort key by load; a server that is no standby any more comes last."""
        state = self.database.pool_state
        return not self._known.is_copy, state.in_use + state.waiting

    def retire(self) -> None:
        """Stop using the replica until it answers again, since it has failed."""
        self._find(is_up=False)

    async def look(self) -> Position:
        """Ask for its position.

        Raises:
            RequestError: It does not answer, and is not used until it does.
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
        """Wait until the replica has reached a position.

        Args:
            position: The position.
            wait_s: Seconds to wait, at most.

        Returns:
            Whether it has reached the position.
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
