"""What one request may take, and how many there may be of those that last."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Unavailable


class Streams:
    """The streams of a kind that are open.

    Args:
        limit: How many there may be at a time.
        noun: What they are called in the sentence by which one more is refused.
    """

    def __init__(self, limit: int, noun: str = "streams") -> None:
        self._limit = limit
        self._noun = noun
        self.open = 0

    def enter(self) -> StreamSlot:
        """Take a place, which is free again when it is closed or forgotten.

        Raises:
            Unavailable: There is none.
        """
        if self.open >= self._limit:
            raise Unavailable(f"There are {self._limit} {self._noun} already")
        return StreamSlot(self)


class StreamSlot:
    """A place among the streams."""

    def __init__(self, streams: Streams) -> None:
        self._streams: Streams | None = streams
        streams.open += 1

    def close(self) -> None:
        """Give the place back."""
        if self._streams is not None:
            self._streams.open -= 1
            self._streams = None

    __del__ = close


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What one request may take.

    Args:
        max_body_bytes: Bytes that its body may have.
        timeout_s: Seconds until the first byte of its answer, and until each part of a stream is
            there.
        send_timeout_s: Seconds that its client may take nothing of what is sent.
        streams: The streams that are open.
        listeners: The clients that follow changes.
    """

    max_body_bytes: int
    timeout_s: float
    send_timeout_s: float
    streams: Streams
    listeners: Streams
