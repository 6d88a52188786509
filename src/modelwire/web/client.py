"""Client of a request to an endpoint of the application's own, which may disconnect."""

from __future__ import annotations

import asyncio
from collections import deque

from starlette.types import Message, Receive

SCOPE_CLIENT = "modelwire.client"
"""Key of a request's scope that holds its client, where the request has a session."""


class Client:
    """Watcher of a client, which passes the body on to its readers.

    Args:
        receive: Receives the body, and the disconnect, from the server.

    Attributes:
        is_gone: Whether the client is known to have disconnected.
    """

    def __init__(self, receive: Receive) -> None:
        self.is_gone = False
        self._receive = receive
        self._kept: deque[Message] = deque()
        self._watch: asyncio.Task[None] | None = None
        self._was_seen = False

    def has_gone(self) -> bool:
        """Whether the client has disconnected; called at intervals while a statement runs.

        It is watched from the second call on, since most statements have ended before that.
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
                self._watch = None  # the rest of the body is for its reader
                return
            message = await self._receive()
        self.is_gone = True

    async def receive(self) -> Message:
        """Return the next message: a part of the body, or the disconnect."""
        if self._watch is not None and not self._kept:
            await asyncio.wait([self._watch])
        if self._kept:
            return self._kept.popleft()
        return {"type": "http.disconnect"} if self.is_gone else await self._receive()

    def close(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.cancel()
