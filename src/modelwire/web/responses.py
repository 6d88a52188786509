"""Answers as Starlette's responses."""

from __future__ import annotations

import asyncio

from starlette.background import BackgroundTask
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..respond import Answer, Headers, StreamAnswer

_WITHOUT_BODY = (204, 304)


def to_response(answer: Answer | StreamAnswer, method: str) -> Response:
    """Make the response of an answer; to HEAD without its body."""
    if isinstance(answer, StreamAnswer):
        return StreamedResponse(answer, with_body=method != "HEAD")
    return WholeResponse(answer, with_body=method != "HEAD")


class WholeResponse(Response):
    """A response with its whole body."""

    def __init__(self, answer: Answer, *, with_body: bool) -> None:
        self.status_code = answer.status
        self.background: BackgroundTask | None = None
        self.body = answer.body if with_body else b""
        self.raw_headers = _encode_headers(answer.headers)
        if answer.status not in _WITHOUT_BODY:
            self.raw_headers.append((b"content-length", b"%d" % len(answer.body)))


class StreamedResponse(Response):
    """A response whose body is read as it is sent.

    An error in the middle leaves it without its end: the server breaks the chunked body off, and
    no client can take it for whole. When the client goes away, reading stops.
    """

    def __init__(self, answer: StreamAnswer, *, with_body: bool) -> None:
        self.status_code = answer.status
        self.background: BackgroundTask | None = None
        self.raw_headers = _encode_headers(answer.headers)
        self._answer = answer
        self._with_body = with_body

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        if self._with_body:
            await self._send_parts(receive, send)
        else:
            await send({"type": "http.response.body", "body": b""})

    async def _send_parts(self, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_wait_for_disconnect(receive))
        try:
            async for part in self._answer.parts:
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
        if self.background is not None:
            await self.background()


def _encode_headers(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers]


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
