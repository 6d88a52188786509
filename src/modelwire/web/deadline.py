"""Time limit of a request, which also ends when its client disconnects."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from ..errors import TimedOut, TooSlow
from ..overtime import TimeLimit


class Deadline(TimeLimit):
    """Time limit that ends its block when the time is up, or when the client has disconnected.

    Args:
        limit_s: Seconds that the block may take; `restart` begins anew.

    Attributes:
        receive: Receives the disconnect of the client from the server, once its body was received.
            The watch begins with the second look: a shorter request ends before the watch would be
            of use.

    Raises:
        TooSlow: The time is up before the body was received.
        TimedOut: The time is up after that.
        ClientDisconnect: The client has disconnected.
    """

    __slots__ = ("_was_seen", "_watch", "receive")

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.receive: Receive | None = None
        self._watch: asyncio.Task[None] | None = None
        self._was_seen = False

    def watch_at_once(self, receive: Receive) -> None:
        """Watch for a disconnect of the client from now on.

        Args:
            receive: Receives the disconnect from the server.
        """
        self.receive = receive
        self._watch = asyncio.ensure_future(wait_for_disconnect(receive))
        self._watch.add_done_callback(self._on_disconnect)

    def look(self, now_s: float) -> None:
        """Check the limit, and begin to watch the client at the second check."""
        if self._was_seen and self.receive is not None and self._watch is None:
            self.watch_at_once(self.receive)
        self._was_seen = True
        super().look(now_s)

    def __exit__(
        self,
        cls: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._watch is None and not self._is_over:
            self._running.discard(self)  # the usual case
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
        if self.receive is None:
            return TooSlow(f"The body should come within {self.limit_s:g} seconds")
        return TimedOut(f"The request took longer than {self.limit_s:g} seconds")

    def _on_disconnect(self, watch: asyncio.Task[None]) -> None:
        if not watch.cancelled():
            self.end()


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until the server reports that the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass
