"""HTTP protocol of `modelwire serve`: uvicorn's, with limits and a graceful shutdown."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from ..compat.uvicorn import MAX_URL_BYTES, CycleProtocol, RequestResponseCycle, write_through
from ..errors import Unavailable
from ..execute.feed.stopping import STOPPING, Stopping
from ..respond.answer import Answer
from ..respond.problem import answer_other_problem, answer_problem
from ..respond.statuses import title_of
from ..web.responses import SlowClient
from .answer_writer import AnswerWriter

HEAD_TIMEOUT_S = 10.0
"""Seconds within which the head of a request has to arrive, once it has begun."""

LINGER_S = 1.0
"""Seconds that an idle connection stays open when the server stops.

A client that sends another request in this time is answered, and told that the connection closes.
"""


_STOPPING = "modelwire_stopping"

_UNSENT_BYTES = 131_072
"""Bytes of a response that the kernel buffers before they can be sent."""


class LimitedProtocol(CycleProtocol):
    """Protocol of one connection.

    Args:
        max_head_bytes: Maximum size of the head of a request: its URL and headers.
        stop_after_s: Seconds that a request has to finish, once the server stops.
        send_timeout_s: Seconds after which a client that takes no data is cut off.
        is_leaving: Returns whether the server is about to stop.
        arguments: Arguments of uvicorn's protocol.
    """

    def __init__(
        self,
        max_head_bytes: int,
        stop_after_s: float,
        send_timeout_s: float,
        is_leaving: Callable[[], bool],
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self._max_head_bytes = max_head_bytes
        self._stop_after_s = stop_after_s
        self._send_timeout_s = send_timeout_s
        self._is_leaving = is_leaving
        self._running: _Stoppable | None = None
        self._stopping: Stopping
        self._head_bytes = 0
        self._in_head = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._refusal: Answer | None = None
        self._writer: AnswerWriter

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, which the kernel is told to cut off if the client takes no data.

        That costs a response nothing, holds for all data, and leaves nothing behind: a connection
        closed otherwise keeps its last bytes until the client has taken them. The kernel also
        buffers no more than it takes to send without a pause, so a client that takes nothing is
        soon noticed (Linux, tcp(7)).
        """
        super().connection_made(transport)
        self._stopping = self.find_mark(_STOPPING, self._make_stopping)
        self._writer = AnswerWriter(transport, self.loop)
        options = {
            "TCP_USER_TIMEOUT": int(self._send_timeout_s * 1000),
            "TCP_NOTSENT_LOWAT": _UNSENT_BYTES,
        }
        # uvloop's sockets don't have these options, and other systems don't have all of them.
        fileno = transport.get_extra_info("socket").fileno()
        with suppress(OSError), socket.socket(fileno=os.dup(fileno)) as connection:
            for name, value in options.items():
                if hasattr(socket, name):
                    connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def _make_stopping(self) -> Stopping:
        return Stopping(self.loop.create_future(), self._is_leaving)

    def data_received(self, data: bytes) -> None:
        """Process received data; the rest of a head counts with what follows it."""
        if self._refusal is not None:
            return
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > self._max_head_bytes:
            self._refuse_head()
            self.send_400_response("")
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.close)

    def on_message_begin(self) -> None:
        """Begin the head of a request."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """Start the request, unless its head is too long."""
        self._in_head = False
        self._end_timer()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self._max_head_bytes or len(self.url) > MAX_URL_BYTES:
            self._refuse_head()
            raise ValueError("The head is too long")  # uvicorn answers what its parser refuses
        super().on_headers_complete()
        if self._stopping.begun.done():
            self.cycle.keep_alive = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._end_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse a head, and close the connection."""
        self._writer.flush()
        if self._refusal is None:
            super().send_400_response(msg)
            return
        status = self._refusal.status
        lines = [f"HTTP/1.1 {status} {title_of(status)}", "connection: close"]
        lines += [f"{name.decode()}: {value.decode()}" for name, value in self._refusal.headers]
        lines += [f"content-length: {len(self._refusal.body)}", "", ""]
        self.transport.write("\r\n".join(lines).encode() + self._refusal.body)
        # A connection closed while the client still sends is reset, and the response lost with it.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)

    def shutdown(self) -> None:
        """Stop; requests in flight, and for a moment those on idle connections, are answered."""
        # All connections share this: one may be accepted as the server stops, and set up
        # afterwards.
        if not self._stopping.begun.done():
            self._stopping.begun.set_result(None)
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER_S, super().shutdown)
        else:
            super().shutdown()
            self.loop.call_later(self._stop_after_s, self._stop)

    def wrap(self, cycle: RequestResponseCycle, app: Any) -> Any:
        """Return the application, able to cut requests short and to write a response at once."""
        if cycle.scope["method"] != "HEAD":  # no body follows
            self._writer.begin()
        write_through(cycle, self._writer)
        self._running = _Stoppable(app, cycle, self._stopping)
        return self._running

    def _stop(self) -> None:
        if self._running is not None:
            self._running.stop()

    def _refuse_head(self) -> None:
        limit = self._max_head_bytes
        status = 414 if len(self.url) > min(limit // 2, MAX_URL_BYTES) else 431
        detail = f"A request's URL and headers should have at most {limit} bytes"
        if limit >= len(self.url) > MAX_URL_BYTES:
            detail = f"A request's URL should have at most {MAX_URL_BYTES} bytes"
        self._refusal = answer_other_problem(status, detail)

    def _end_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class _Stoppable:
    """Application whose requests are answered even if the shutdown cuts them short."""

    __slots__ = ("_app", "_cycle", "_stopping", "_task")

    def __init__(self, app: ASGIApp, cycle: RequestResponseCycle, stopping: Stopping) -> None:
        self._app = app
        self._cycle = cycle
        self._stopping = stopping
        self._task: asyncio.Task[Any] | None = None

    def stop(self) -> None:
        """Cut the request short."""
        if self._task is not None:
            self._task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._task = asyncio.current_task()
        STOPPING.set(self._stopping)
        try:
            await self._app(scope, receive, send)
        except SlowClient:
            # The rest of the response is discarded; closing would wait for the client.
            self._cycle.transport.abort()
            while not self._cycle.disconnected:
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            if self._cycle.response_started:
                raise  # a stream is broken off
            answer = answer_problem(Unavailable("The server is stopping"))
            headers = [*answer.headers, (b"connection", b"close")]
            head = {"status": answer.status, "headers": headers}
            await send({"type": "http.response.start", **head})
            await send({"type": "http.response.body", "body": answer.body})
