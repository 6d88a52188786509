"""Answers as Starlette's responses."""

from __future__ import annotations

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..respond import Answer, StreamAnswer
from .deadline import Deadline
from .limits import RequestLimits

_WITHOUT_BODY = (204, 304)


def to_response(answer: Answer | StreamAnswer, method: str, limits: RequestLimits) -> Response:
    """Make the response of an answer; to HEAD without its body.

    Raises:
        Unavailable: It is a stream, and there are too many.
    """
    if isinstance(answer, StreamAnswer) and method != "HEAD":
        return StreamedResponse(answer, limits)
    return WholeResponse(answer, with_body=method != "HEAD")


def to_whole_response(answer: Answer | StreamAnswer, method: str) -> Response:
    """Make a response that is sent at once; to HEAD without its body."""
    return WholeResponse(answer, with_body=method != "HEAD")


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


class StreamedResponse(Response):
    """A response whose body is read as it is sent.

    An error in the middle leaves it without its end: the server breaks the chunked body off, and
    no client can take it for whole. When the client goes away, reading stops. So it does when the
    client takes too long over one part.
    """

    def __init__(self, answer: StreamAnswer, limits: RequestLimits) -> None:
        self.status_code = answer.status
        self.background: BackgroundTask | None = None
        self.raw_headers = [*answer.headers]
        self._answer = answer
        self._limits = limits
        self._place = limits.streams.enter()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with Deadline(self._limits.timeout_s) as deadline:
                deadline.watch_at_once(receive)
                await self._send(send, deadline)
        except ClientDisconnect:
            return
        finally:
            self._place.close()
        if self.background is not None:
            await self.background()

    async def _send(self, send: Send, deadline: Deadline) -> None:
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        async for part in self._answer.parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            deadline.restart()
        await send({"type": "http.response.body", "body": b""})
