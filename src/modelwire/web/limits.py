"""Limits of one request, and of the number of open streams."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Unavailable


class Streams:
    """Open streams of one kind.

    Args:
        limit: The maximum number of open streams.
        noun: Their name in the message that refuses one more.
    """

    def __init__(self, limit: int, noun: str = "streams") -> None:
        self._limit = limit
        self._noun = noun
        self.open = 0

    def enter(self) -> StreamSlot:
        """Take a slot, which is free again when it is closed or garbage collected.

        Raises:
            Unavailable: All slots are taken.
        """
        if self.open >= self._limit:
            raise Unavailable(f"There are {self._limit} {self._noun} already")
        return StreamSlot(self)


class StreamSlot:
    """Slot for an open stream."""

    def __init__(self, streams: Streams) -> None:
        self._streams: Streams | None = streams
        streams.open += 1

    def close(self) -> None:
        """Free the slot."""
        if self._streams is not None:
            self._streams.open -= 1
            self._streams = None

    __del__ = close


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Limits of one request.

    Args:
        max_body_bytes: The maximum size of its body.
        timeout_s: Seconds until the first byte of its response, and until each part of a stream.
        send_timeout_s: Seconds for which its client may accept no data.
        streams: The open streams.
        listeners: The open streams of events.
    """

    max_body_bytes: int
    timeout_s: float
    send_timeout_s: float
    streams: Streams
    listeners: Streams
