"""The client of a request to an endpoint of the application's own, which may go away."""

from __future__ import annotations

import asyncio
from collections import deque

from starlette.types import Message, Receive

SCOPE_CLIENT = "modelwire.client"
"""Where the scope of a request has its client, if a session belongs to it."""


class Client:
    """Sees whether a client has gone, and leaves its body to those who read it.

    Args:
        receive: Where the server gives the body, and says that the client has gone.

    Attributes:
        is_gone: Whether it is known to have gone.
    """

    def __init__(self, receive: Receive) -> None:
        self.is_gone = False
        self._receive = receive
        self._kept: deque[Message] = deque()
        self._watch: asyncio.Task[None] | None = None
        self._was_seen = False

    def has_gone(self) -> bool:
        """Look at it, again and again as long as a statement runs; whether it has gone.

        It is watched from the second look on: most statements have ended before that.
        """
        if self._was_seen and self._watch is None and not self._kept:
            self._watch = asyncio.ensure_future(self._wait())
        self._was_seen = True
        return self.is_gone

    async def _wait(self) -> None:
        message = await self._receive()
        while message["type"] != "http.disconnect":
            self._kept.append(message)
            if message.get("more_body"):
                self._watch = None  # the rest of the body is for whoever reads it
                return
            message = await self._receive()
        self.is_gone = True

    async def receive(self) -> Message:
        """Give the next message: the body, and then that the client has gone."""
        if self._watch is not None and not self._kept:
            await asyncio.wait([self._watch])
        if self._kept:
            return self._kept.popleft()
        return {"type": "http.disconnect"} if self.is_gone else await self._receive()

    def close(self) -> None:
        """Watch it no longer."""
        if self._watch is not None:
            self._watch.cancel()
