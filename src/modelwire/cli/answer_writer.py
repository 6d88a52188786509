"""Writer that sends the head of a response together with its body."""

from __future__ import annotations

import asyncio


class AnswerWriter:
    """Stand-in for a connection's transport, which the responses on it are written to.

    uvicorn writes the head of a response separately, and the kernel takes as long over it as over
    both. So a head is kept until the body is written, or until the event loop's next turn.

    Args:
        transport: The transport of the connection.
        loop: The event loop.
    """

    __slots__ = ("_head", "_is_at_start", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""
        self._is_at_start = False

    def begin(self) -> None:
        """Mark the next write as the beginning of a response."""
        self._is_at_start = True

    def write(self, part: bytes) -> None:
        """Write a part of a response."""
        if self._is_at_start:
            self._is_at_start = False
            self._head = part
            self._loop.call_soon(self.flush)
        elif self._head:
            head, self._head = self._head, b""
            self._transport.write(b"".join((head, part)))
        else:
            self._transport.write(part)

    def flush(self) -> None:
        """Write what has been kept."""
        head, self._head = self._head, b""
        if head and not self._transport.is_closing():
            self._transport.write(head)

    def is_closing(self) -> bool:
        """Whether the connection is closed, or will be."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the connection once everything is sent."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self._head = b""
        self._transport.abort()
