"""Requests that have been answered, until they are reported together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ..observe.exchange import Exchange, name_method
from ..observe.observer import Observer
from .route_names import RouteNames

DELAY_S = 0.05
"""Seconds that a request waits, at most, until it is reported with those that came after it."""

SHARE_S = 1.0
"""Seconds between two times that a process shares what it has counted with others."""


class PendingReports:
    """Keeps requests that have been answered, and reports many at once.

    That costs each of them less, and none of it while somebody waits for an answer.

    Args:
        observer: What they are reported to.
        names: Finds the names of their routes.

    Attributes:
        share: Shares what is counted with other processes, where these have one page of metrics.
    """

    def __init__(self, observer: Observer, names: RouteNames) -> None:
        self.names = names
        self.share: Callable[[], None] | None = None
        self._observer = observer
        self._kept: list[Exchange] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, exchange: Exchange) -> None:
        """Keep a request, and have it reported soon."""
        self._kept.append(exchange)
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(DELAY_S, self.report)

    def report(self) -> None:
        """Report what is kept, and share what is counted."""
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
        """Report what is left when the block ends, and share meanwhile what changes by itself."""
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
