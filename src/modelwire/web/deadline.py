"""How long a request may take, and whether its client still waits for the answer."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from ..errors import TimedOut, TooSlow

WATCH_AFTER_S = 0.25
"""Seconds after which it is watched whether the client goes away. What is done sooner is answered
before that would have been of use."""


class Deadline:
    """Ends what its block is doing when the time is up, or when the client has gone.

    Args:
        limit_s: Seconds that it may take; `restart` begins anew.

    Raises:
        TooSlow: The time is up, and the body has not come.
        TimedOut: The time is up otherwise.
        ClientDisconnect: The client has gone.
    """

    __slots__ = ("_limit_s", "_loop", "_receive", "_timeout", "_timer", "_watch")

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._loop = asyncio.get_running_loop()
        self._timeout = asyncio.timeout(limit_s)
        self._receive: Receive | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Deadline:
        await self._timeout.__aenter__()
        return self

    def watch(self, receive: Receive, after_s: float = WATCH_AFTER_S) -> None:
        """Watch whether the client goes away, now that its body has come.

        Args:
            receive: Where the server says so.
            after_s: Seconds until then.
        """
        self._receive = receive
        self._timer = self._loop.call_later(after_s, self._start_watching, receive)

    def restart(self) -> None:
        """Begin anew."""
        self._timeout.reschedule(self._loop.time() + self._limit_s)

    async def __aexit__(
        self,
        cls: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        gone = self._watch is not None and self._watch.done()
        if self._timer is not None:
            self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        try:
            await self._timeout.__aexit__(cls, error, traceback)
        except TimeoutError:
            raise self._reason(gone=gone) from None

    def _reason(self, *, gone: bool) -> Exception:
        if gone:
            return ClientDisconnect()
        if self._receive is None:
            return TooSlow(f"The body should come within {self._limit_s:g} seconds")
        return TimedOut(f"The request took longer than {self._limit_s:g} seconds")

    def _start_watching(self, receive: Receive) -> None:
        self._watch = self._loop.create_task(wait_for_disconnect(receive))
        self._watch.add_done_callback(self._on_disconnect)

    def _on_disconnect(self, watch: asyncio.Task[None]) -> None:
        if not watch.cancelled():
            self._timeout.reschedule(self._loop.time())


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until the server says that the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
