"""How far servers are in the log of all writes, as far as this process knows."""

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
"""Seconds between two positions that are remembered, at least."""

SAMPLES = 2000
"""Positions that are remembered, at most."""


class Position(NamedTuple):
    """How far a server is.

    Args:
        reached: Its position.
        is_copy: Whether it is a copy of another one.
    """

    reached: int
    is_copy: bool


class PositionReader:
    """Asks a server how far it is: once for all who ask at the same time.

    Args:
        database: The server.
    """

    def __init__(self, database: Asked) -> None:
        self._database = database
        self._gathering = Gathering[None, Position](
            database.settings.pool_timeout_s, shares_faults=True
        )

    async def read(self) -> Position:
        """Ask; nothing that was committed on it before this call lies behind the answer.

        Raises:
            RequestError: It does not answer.
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
    """How far the primary was at times past, by which the age of what a copy shows is known."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=SAMPLES)

    def note(self, asked_s: float, position: int) -> None:
        """Note how far it was.

        Args:
            asked_s: When it was asked, by `time.monotonic`.
            position: What it has answered.
        """
        if not self._samples or asked_s - self._samples[-1][0] >= SAMPLE_EACH_S:
            self._samples.append((asked_s, position))

    def least(self, max_age_s: float) -> int | None:
        """The least position by which nothing shown is older than some seconds; None if unknown."""
        oldest_s = time.monotonic() - max_age_s
        return next((position for asked_s, position in self._samples if asked_s >= oldest_s), None)

    @property
    def newest_s(self) -> float:
        """When the newest was asked for; long ago if none was."""
        return self._samples[-1][0] if self._samples else -1e9

    @property
    def newest(self) -> int:
        """The newest; 0 if there is none."""
        return self._samples[-1][1] if self._samples else 0
