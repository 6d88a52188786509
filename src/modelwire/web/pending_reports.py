"""Answered requests, kept until they are reported together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ..observe.exchange import Exchange, name_method
from ..observe.observer import Observer
from .route_names import RouteNames

DELAY_S = 0.05
"""Maximum delay of the report on a request, in seconds."""

SHARE_S = 1.0
"""Interval in seconds at which a process shares its counts with others."""


class PendingReports:
    """Queue of answered requests, which are reported many at once.

    That costs less for each of them, and delays no response.

    Args:
        observer: Receives the reports.
        names: Returns the names of their routes.

    Attributes:
        share: Shares the counts with other processes, where these have one page of metrics.
    """

    def __init__(self, observer: Observer, names: RouteNames) -> None:
        self.names = names
        self.share: Callable[[], None] | None = None
        self._observer = observer
        self._kept: list[Exchange] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, exchange: Exchange) -> None:
        """Keep a request, and schedule a report."""
        self._kept.append(exchange)
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(DELAY_S, self.report)

    def report(self) -> None:
        """Report the requests kept so far, and share the counts."""
        self._loop = None
        kept, self._kept = self._kept, []
        for exchange in kept:
            exchange.method = name_method(exchange.method)
        if kept:
            self._observer.report(kept)
        if self.share is not None:
            self.share()

    @asynccontextmanager
    async def reporting(self) -> AsyncIterator[None]:
        """Share counts at intervals while the block runs, and report the rest when it ends."""
        sharing = None if self.share is None else asyncio.create_task(self._keep_sharing())
        try:
            yield
        finally:
            if sharing is not None:
                sharing.cancel()
                await asyncio.wait([sharing])
            self.report()

    async def _keep_sharing(self) -> None:
        while True:
            self.report()
            await asyncio.sleep(SHARE_S)
