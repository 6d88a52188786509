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
"""Bytes that the server is handed at a time. It takes the next ones when the client has taken most
of these, so it shows whether the client takes any, and the server holds no more than this."""

GRACE_S = 1.0
"""Seconds that `modelwire serve` is given to cut a client off itself, which leaves less behind."""

_WITHOUT_BODY = (204, 304)


class SlowClient(ClientDisconnect):
    """A client that takes nothing of its answer. It is given up on, as if it had gone.

    That ends the answer by an error, since middleware could take it for whole otherwise.
    """

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"The client took nothing of its answer for {limit_s:g} seconds")


class BrokenStream(Exception):
    """What went wrong in the middle of a stream, whose status was sent before; it is the cause.

    No handler of an application takes it for an error that it could still answer.
    """


def to_whole_response(
    answer: Answer | StreamAnswer, method: str, send_timeout_s: float
) -> Response:
    """Make the response of an answer that is there already; to HEAD without its body.

    Args:
        answer: The answer.
        method: The request's method.
        send_timeout_s: Seconds that the client may take nothing of it.
    """
    if method == "HEAD" or not isinstance(answer, Answer) or len(answer.body) <= PIECE_BYTES:
        return WholeResponse(answer, with_body=method != "HEAD")
    return LargeResponse(answer, send_timeout_s)


class WholeResponse(Response):
    """A response with its whole body."""

    def __init__(self, answer: Answer | StreamAnswer, *, with_body: bool) -> None:
        self.status_code = answer.status
        self.background: BackgroundTask | None = None
        self.raw_headers = [*answer.headers]
        whole = answer.body if isinstance(answer, Answer) else None
        self.body = whole if whole and with_body else b""
        if whole is not None and answer.status not in _WITHOUT_BODY:
            self.raw_headers.append((b"content-length", b"%d" % len(whole)))


class LargeResponse(WholeResponse):
    """A response with a body so large that its client may be too slow to take it.

    Servers write what they are given into a buffer without a limit, where it would stay for as long
    as the client likes.
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
    """A response whose body is read as it is sent.

    An error in the middle leaves it without its end: the server breaks the chunked body off, and
    no client can take it for whole. When the client goes away, reading stops. So it does when the
    client takes too long over what it is sent.
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
        # Who listens waits for as long as nothing happens, and is sent a heartbeat meanwhile.
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
        send: Sends a piece, and waits before that until the client has taken what was sent before.
        body: The body.
        limit: How long each piece may take.
        more_body: Whether more of the body follows.
    """
    for start in range(0, len(body), PIECE_BYTES):
        end = start + PIECE_BYTES
        more = more_body or end < len(body)
        await send({"type": "http.response.body", "body": body[start:end], "more_body": more})
        limit.restart()
