"""Routing of reads to a replica that is fresh enough, or to the primary."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Generic

from ...errors import RequestError
from ...observe.counts import ReplicaState
from ...request.freshness import Freshness
from .positions import History, PositionReader
from .replica import Replica
from .server import D


class Replicas(Generic[D]):
    """Replicas of a database.

    Args:
        primary: The primary.
        copies: The databases on its replicas.

    Attributes:
        all: The replicas.
    """

    def __init__(self, primary: D, copies: Sequence[D]) -> None:
        settings = primary.settings
        self.all = tuple(Replica(copy) for copy in copies)
        self._wait_s = settings.replica_wait_s
        self._max_staleness_s = settings.max_staleness_s
        self._primary = PositionReader(primary)
        self._history = History()
        self._looks: set[asyncio.Task[object]] = set()

    async def choose(self, freshness: Freshness) -> Replica[D] | None:
        """Choose the replica for the reads of a request.

        Args:
            freshness: The freshness that the request requires.

        Returns:
            A replica that is fresh enough; None for the primary.

        Raises:
            RequestError: The age of replicas is unknown, since the primary does not answer.
        """
        for replica in self.all:
            if replica.is_stale:
                self._in_background(replica)
        ready = sorted((r for r in self.all if r.is_up), key=lambda replica: replica.busy)
        if freshness.is_latest or not ready:
            return None
        position = max(freshness.position, await self._find_position(freshness))
        for replica in ready:
            if replica.known.reached >= position:
                return replica
        for replica in sorted(ready, key=lambda replica: -replica.known.reached):
            if await replica.reach(position, self._wait_s):
                return replica
            if replica.is_up:
                break  # waiting for replicas that are further behind would be in vain
        return None

    async def _find_position(self, freshness: Freshness) -> int:
        """Return the position from which data is fresh enough."""
        if freshness.max_staleness_s is not None:
            known = self._history.least(freshness.max_staleness_s)
            return await self.position() if known is None else known
        # A default limit of staleness does not delay reads while the primary is away.
        if time.monotonic() - self._history.newest_s > self._max_staleness_s / 4:
            self._in_background(self)
        return self._history.least(self._max_staleness_s) or 0

    async def start(self) -> None:
        """Ask every server for its position, before the first request needs it."""
        await asyncio.gather(_look(self), *(_look(replica) for replica in self.all))

    async def position(self) -> int:
        """Return the position of the primary; everything committed before the call precedes it.

        Raises:
            RequestError: The primary does not answer.
        """
        asked_s = time.monotonic()
        reached = (await self._primary.read()).reached
        self._history.note(asked_s, reached)
        return reached

    async def look(self) -> int:
        """Return the position of the primary, as a background task."""
        return await self.position()

    def _in_background(self, looked_at: Replica[D] | Replicas[D]) -> None:
        """Ask a server for its position in the background, unless that is running."""
        name = f"modelwire-look-{id(looked_at)}"
        if any(task.get_name() == name for task in self._looks):
            return
        task = asyncio.create_task(_look(looked_at), name=name)
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    @property
    def states(self) -> Sequence[ReplicaState]:
        """State of each replica."""
        return [
            ReplicaState(
                replica.name,
                replica.is_up,
                replica.known.is_copy,
                self._lag_of(replica) if replica.is_up else None,
                replica.reads,
                replica.found_s,
            )
            for replica in self.all
        ]

    def _lag_of(self, replica: Replica[D]) -> int:
        return max(0, self._history.newest - replica.known.reached)

    async def close(self) -> None:
        """Close every connection to the copies."""
        loop = asyncio.get_running_loop()
        ours = [task for task in self._looks if task.get_loop() is loop]
        for task in ours:
            task.cancel()
        await asyncio.gather(*ours, return_exceptions=True)
        await asyncio.gather(*(replica.database.close_db() for replica in self.all))


async def _look(looked_at: Replica[D] | Replicas[D]) -> None:
    try:
        await looked_at.look()
    except RequestError:
        return  # a replica is not used then; the primary is asked again when needed
