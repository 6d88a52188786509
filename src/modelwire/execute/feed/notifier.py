"""Notification of other processes, for a database that does not notify by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context

from ...errors import ModelwireError
from ..faults.translate import DRIVER_ERRORS

PAUSE_S = 0.01
"""Minimum interval between two notifications, in seconds; one covers all commits before it."""


class Notifier:
    """Notifier of listeners in other processes, shortly after each commit.

    A failed notification is lost; listeners also poll from time to time.

    Args:
        notify: Sends a notification.
    """

    def __init__(self, notify: Callable[[], Awaitable[None]]) -> None:
        self._notify = notify
        self._is_rung = False
        self._is_closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Note that something was committed."""
        self._is_rung = True
        if not self._runs_here:
            # In a context of its own, since it belongs to no request, not even to the first.
            loop = asyncio.get_running_loop()
            self._is_closing = asyncio.Event()
            self._task = loop.create_task(self._run(), context=Context())

    async def close(self) -> None:
        """Wait until all commits of this process are notified; a cancellation gives that up."""
        if self._runs_here and self._task is not None:
            self._is_closing.set()
            try:
                await asyncio.wait([self._task])
            finally:
                self._task.cancel()

    @property
    def _runs_here(self) -> bool:
        """Whether it runs in the running event loop."""
        task = self._task
        return (
            task is not None and not task.done() and task.get_loop() is asyncio.get_running_loop()
        )

    async def _run(self) -> None:
        while self._is_rung:
            self._is_rung = False
            with suppress(ModelwireError, *DRIVER_ERRORS):
                await self._notify()
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_S):
                    await self._is_closing.wait()
