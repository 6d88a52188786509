"""Answers as Starlette's responses."""

from __future__ import annotations

import math

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..errors import RequestError, TimedOut
from ..overtime import Timed, TimeLimit
from ..respond.answer import Answer, EventsAnswer, StreamAnswer
from .deadline import Deadline
from .limits import RequestLimits

PIECE_BYTES = 65_536
"""Maximum size of a piece handed to the server, in bytes.

The server accepts the next piece once the client has received most of this one. So a stalled client
is noticed, and the server buffers no more than this.
"""

GRACE_S = 1.0
"""Seconds that `modelwire serve` has to cut a client off itself, which leaves less behind."""

_WITHOUT_BODY = (204, 304)


class SlowClient(ClientDisconnect):
    """Client that accepts no data, treated as disconnected.

    The response ends with this error, since middleware could otherwise take it for complete.
    """

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"The client took nothing of its answer for {limit_s:g} seconds")


class BrokenStream(Exception):
    """Error in the middle of a stream, whose status was already sent; its cause is the error.

    It is of a class of its own, so that no handler of an application tries to answer it.
    """


def to_whole_response(
    answer: Answer | StreamAnswer, method: str, send_timeout_s: float
) -> Response:
    """Make the response for an answer that is complete; without a body for HEAD.

    Args:
        answer: The answer.
        method: The request's method.
        send_timeout_s: Seconds for which the client may accept no data.
    """
    if method == "HEAD" or not isinstance(answer, Answer) or len(answer.body) <= PIECE_BYTES:
        return WholeResponse(answer, with_body=method != "HEAD")
    return LargeResponse(answer, send_timeout_s)


class WholeResponse(Response):
    """Response with its whole body."""

    def __init__(self, answer: Answer | StreamAnswer, *, with_body: bool) -> None:
        self.status_code = answer.status
        self.background: BackgroundTask | None = None
        self.raw_headers = [*answer.headers]
        whole = answer.body if isinstance(answer, Answer) else None
        self.body = whole if whole and with_body else b""
        if whole is not None and answer.status not in _WITHOUT_BODY:
            self.raw_headers.append((b"content-length", b"%d" % len(whole)))


class LargeResponse(WholeResponse):
    """Response with a body so large that a slow client may not receive it in time.

    Servers buffer whatever they are given without a limit, and would keep it for as long as the
    client likes.
    """

    def __init__(self, answer: Answer, send_timeout_s: float) -> None:
        super().__init__(answer, with_body=True)
        self._send_timeout_s = send_timeout_s

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        try:
            with TimeLimit(self._send_timeout_s + GRACE_S) as limit:
                await send_body(send, bytes(self.body), limit)
        except TimeoutError:
            raise SlowClient(self._send_timeout_s) from None
        if self.background is not None:
            await self.background()


class StreamedResponse(Response):
    """Response whose body is read while it is sent.

    An error in the middle leaves the body without its end: the server breaks the chunked encoding
    off, and no client can take the body for complete. Reading also stops when the client
    disconnects, or accepts no data for too long.
    """

    def __init__(self, answer: StreamAnswer, limits: RequestLimits) -> None:
        self.status_code = answer.status
        self.background: BackgroundTask | None = None
        self.raw_headers = [*answer.headers]
        self._answer = answer
        self._limits = limits
        self._is_sending = False
        lasts = isinstance(answer, EventsAnswer)
        self._place = (limits.listeners if lasts else limits.streams).enter()
        # A listener waits for as long as nothing changes, and receives heartbeats meanwhile.
        self._part_s = math.inf if lasts else limits.timeout_s

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with Deadline(self._part_s) as deadline:
                deadline.watch_at_once(receive)
                await self._send(send, deadline)
        except ClientDisconnect:
            return
        except RequestError as error:
            if self._is_sending and isinstance(error, TimedOut):
                raise SlowClient(self._limits.send_timeout_s) from None
            raise BrokenStream from error
        finally:
            self._place.close()
        if self.background is not None:
            await self.background()

    async def _send(self, send: Send, deadline: Deadline) -> None:
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        limits = self._limits
        async for part in self._answer.parts:
            self._is_sending = True
            deadline.allow(limits.send_timeout_s + GRACE_S)
            await send_body(send, part, deadline, more_body=True)
            deadline.allow(self._part_s)
            self._is_sending = False
        await send({"type": "http.response.body", "body": b""})


async def send_body(send: Send, body: bytes, limit: Timed, *, more_body: bool = False) -> None:
    """Send a body piece by piece.

    Args:
        send: Sends a piece, once the client has received the previous one.
        body: The body.
        limit: The time limit of each piece.
        more_body: Whether more of the body follows.
    """
    for start in range(0, len(body), PIECE_BYTES):
        end = start + PIECE_BYTES
        more = more_body or end < len(body)
        await send({"type": "http.response.body", "body": body[start:end], "more_body": more})
        limit.restart()
