"""How long a request may take, and whether its client still waits for the answer."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from ..errors import TimedOut, TooSlow
from ..overtime import TimeLimit


class Deadline(TimeLimit):
    """Ends what its block is doing when the time is up, or when the client has gone.

    Args:
        limit_s: Seconds that it may take; `restart` begins anew.

    Raises:
        TooSlow: The time is up, and the body has not come.
        TimedOut: The time is up otherwise.
        ClientDisconnect: The client has gone.
    """

    __slots__ = ("_receive", "_was_seen", "_watch")

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._receive: Receive | None = None
        self._watch: asyncio.Task[None] | None = None
        self._was_seen = False

    def watch(self, receive: Receive) -> None:
        """Watch whether the client goes away, now that its body has come.

        That begins with the second look: what is done sooner is answered before it would have
        been of use.

        Args:
            receive: Where the server says so.
        """
        self._receive = receive

    def watch_at_once(self, receive: Receive) -> None:
        """Watch from now on whether the client goes away.

        Args:
            receive: Where the server says so.
        """
        self._receive = receive
        self._watch = asyncio.ensure_future(wait_for_disconnect(receive))
        self._watch.add_done_callback(self._on_disconnect)

    def look(self, now_s: float) -> None:
        """Look at it."""
        if self._was_seen and self._receive is not None and self._watch is None:
            self.watch_at_once(self._receive)
        self._was_seen = True
        super().look(now_s)

    def __exit__(
        self,
        cls: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._watch is None and not self._is_over:
            self.stop()  # as nearly always
            return
        gone = self._watch is not None and self._watch.done()
        if self._watch is not None:
            self._watch.remove_done_callback(self._on_disconnect)
            self._watch.cancel()
        try:
            super().__exit__(cls, error, traceback)
        except TimeoutError:
            raise self._reason(gone=gone) from None

    def _reason(self, *, gone: bool) -> Exception:
        if gone:
            return ClientDisconnect()
        if self._receive is None:
            return TooSlow(f"The body should come within {self.limit_s:g} seconds")
        return TimedOut(f"The request took longer than {self.limit_s:g} seconds")

    def _on_disconnect(self, watch: asyncio.Task[None]) -> None:
        if not watch.cancelled():
            self.end()


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until the server says that the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
