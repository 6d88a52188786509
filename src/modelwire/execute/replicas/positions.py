"""Positions of servers in the write-ahead log, as far as this process knows."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from ...request.freshness import read_position
from ...statement.positions import build_position
from ...statement.statements import Statement
from ..connect.gathering import Gathering, Turn
from .server import Asked

SAMPLE_EACH_S = 0.05
"""Minimum interval between two remembered positions, in seconds."""

SAMPLES = 2000
"""Maximum number of remembered positions."""


class Position(NamedTuple):
    """Position of a server.

    Args:
        reached: The position in the write-ahead log.
        is_copy: Whether the server is a standby.
    """

    reached: int
    is_copy: bool


class PositionReader:
    """Reader of a server's position; concurrent calls share one query.

    Args:
        database: The server.
    """

    def __init__(self, database: Asked) -> None:
        self._database = database
        self._gathering = Gathering[None, Position](
            database.settings.pool_timeout_s, shares_faults=True
        )

    async def read(self) -> Position:
        """Read the position; everything committed on the server before this call precedes it.

        Raises:
            RequestError: The server does not answer.
        """
        return await self._gathering.find("position", None, self._work)

    async def _work(self, turn: Turn[None, Position]) -> Sequence[Position]:
        database = self._database
        statement = Statement(build_position(), database.engine.dialect)
        async with database.reading() as lane:
            asked = turn.take()
            ((text, is_copy),) = await lane.fetch(statement, {})
        position = Position(read_position(text or "") or 0, bool(is_copy))
        return [position] * len(asked)


class History:
    """Past positions of the primary, from which the age of a replica's data follows."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=SAMPLES)

    def note(self, asked_s: float, position: int) -> None:
        """Note a position.

        Args:
            asked_s: The time of the query, by `time.monotonic`.
            position: The position.
        """
        if not self._samples or asked_s - self._samples[-1][0] >= SAMPLE_EACH_S:
            self._samples.append((asked_s, position))

    def least(self, max_age_s: float) -> int | None:
        """Return the position for a maximum age of data in seconds; None if unknown."""
        oldest_s = time.monotonic() - max_age_s
        return next((position for asked_s, position in self._samples if asked_s >= oldest_s), None)

    @property
    def newest_s(self) -> float:
        """Time of the query for the newest position; long ago if there is none."""
        return self._samples[-1][0] if self._samples else -1e9

    @property
    def newest(self) -> int:
        """Newest position; 0 if there is none."""
        return self._samples[-1][1] if self._samples else 0
