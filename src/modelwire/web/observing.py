"""Middleware around an application that gives each request its id, and measures it.

It runs for every request, so it leaves all work that can wait to `PendingReports`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter_ns

from opentelemetry import trace
from opentelemetry.context import get_current
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..observe.exchange import ASKED, CURRENT, Exchange
from ..observe.observer import Observer
from .pending_reports import PendingReports
from .tracing import continue_trace, hide_url, leave_trace

EXCHANGE = "modelwire.exchange"
"""Key of a request's scope that holds its `Exchange`."""

_REQUEST_ID = re.compile(rb"[\w.:-]{1,128}")


def exchange_of(scope: Scope, observer: Observer) -> Exchange:
    """Return the `Exchange` of a request; a new one if the middleware has not seen it yet."""
    if EXCHANGE not in scope:
        scope[EXCHANGE] = Exchange(_read_headers(scope)[0], scope["method"], 0, observer)
    exchange: Exchange = scope[EXCHANGE]
    return exchange


class ObservabilityMiddleware:
    """Middleware that observes the requests to an application.

    Args:
        app: The application, with its middleware.
        observer: The settings and targets of the measurement.
        finished: The queue of answered requests.
        begin: Called with the scope of each request before anything else.
    """

    def __init__(
        self,
        app: ASGIApp,
        observer: Observer,
        finished: PendingReports,
        begin: Callable[[Scope], None],
    ) -> None:
        self.app = app
        self._observer = observer
        self._finished = finished
        self._begin = begin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and measure it."""
        if scope["type"] == "http":
            self._begin(scope)
        if scope["type"] == "lifespan":
            async with self._finished.reporting():
                await self.app(scope, receive, send)
            return
        if scope["type"] != "http" or EXCHANGE in scope:
            await self.app(scope, receive, send)
            return
        request_id, brings_trace = _read_headers(scope)
        trace_token = continue_trace(scope) if brings_trace else None
        exchange = scope[EXCHANGE] = Exchange(request_id, scope["method"], 0, self._observer)
        span = None
        if get_current():
            exchange, span = self._trace(exchange, scope)
        ASKED.set(exchange)
        try:
            if span is not None or self._observer.is_on:
                await self._measure(exchange, span, scope, receive, send)
            else:
                await self.app(scope, receive, partial(_send_marked, send, exchange))
        finally:
            if trace_token is not None:
                leave_trace(trace_token)

    async def _measure(
        self,
        exchange: Exchange,
        span: trace.Span | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        exchange.began_ns = perf_counter_ns()
        answering = MeasuredSend(exchange, send, self._observer, self._finished, scope, span)
        try:
            await self.app(scope, receive, answering.send)
        except BaseException as error:
            answering.close(error)
            raise
        answering.close()

    def _trace(self, exchange: Exchange, scope: Scope) -> tuple[Exchange, trace.Span | None]:
        """Add the current trace to a request, and spans of its statements where it is recorded."""
        span = trace.get_current_span()
        context = span.get_span_context()
        if context.is_valid:
            exchange.trace_id = f"{context.trace_id:032x}"
        if not span.is_recording():
            return exchange, None
        exchange = scope[EXCHANGE] = self._observer.trace(exchange)
        return exchange, span


def _read_headers(scope: Scope) -> tuple[str, bool]:
    """Return the id of a request, given or new, and whether the request carries a trace."""
    headers = dict(scope["headers"])
    given = headers.get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        request_id = given.decode()
    else:
        request_id = random.getrandbits(128).to_bytes(16).hex()
    return request_id, b"traceparent" in headers


def _send_marked(send: Send, exchange: Exchange, message: Message) -> Awaitable[None]:
    """Send a part of a response, with the request's id, without measuring it."""
    if message["type"] == "http.response.start":
        mark(message, exchange)
    return send(message)


class MeasuredSend:
    """Sender of a response that adds its request's id, and measures it.

    Args:
        exchange: The request.
        send: Sends a message.
        observer: The settings and targets of the measurement.
        finished: The queue of answered requests.
        scope: The scope of the request.
        span: The span of the request, if it is traced.
    """

    __slots__ = (
        "_current",
        "_ended",
        "_exchange",
        "_finished",
        "_headers",
        "_observer",
        "_scope",
        "_send",
        "_span",
    )

    def __init__(
        self,
        exchange: Exchange,
        send: Send,
        observer: Observer,
        finished: PendingReports,
        scope: Scope,
        span: trace.Span | None,
    ) -> None:
        self._exchange = exchange
        self._send = send
        self._observer = observer
        self._finished = finished
        self._scope = scope
        self._span = span
        self._ended = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._current = CURRENT.set(exchange)

    def send(self, message: Message) -> Awaitable[None]:
        """Send a part of the response."""
        if message["type"] == "http.response.start":
            exchange = self._exchange
            exchange.status = message["status"]
            exchange.answered_ns = perf_counter_ns() - exchange.began_ns
            headers = self._headers = mark(message, exchange)
            if self._observer.tells_timing:
                headers.append((b"server-timing", exchange.write_timing()))
        elif message.get("more_body", False):
            # A response with a length is no stream, even if it is sent in pieces.
            if not self._exchange.is_stream and b"content-length" not in dict(self._headers):
                self._begin_stream()
        elif not self._ended:
            self._end()
        return self._send(message)

    def close(self, error: BaseException | None = None) -> None:
        """Note that the application is done; a response without an end is broken off."""
        CURRENT.reset(self._current)
        if not self._ended:
            exchange = self._exchange
            exchange.is_broken_off = True
            if isinstance(error, Exception) and not exchange.status:
                exchange.status = 500  # as the server will answer
            self._end()

    def _begin_stream(self) -> None:
        self._exchange.is_stream = True
        if self._observer.counts is not None:
            self._observer.counts.streams += 1

    def _end(self) -> None:
        self._ended = True
        exchange = self._exchange
        exchange.duration_ns = perf_counter_ns() - exchange.began_ns
        exchange.route = self._finished.names.find(self._scope)
        if exchange.is_stream and self._observer.counts is not None:
            self._observer.counts.streams -= 1
        if self._span is not None:
            hide_url(self._span, self._scope, exchange)
        self._finished.add(exchange)


def mark(message: Message, exchange: Exchange) -> list[tuple[bytes, bytes]]:
    """Add the headers of the request's exchange to a response, unless it has them already.

    They are the request's id, and where the response is about one row its entity tag.

    Returns:
        The headers, as they are sent.
    """
    headers = message["headers"] = [*message.get("headers", ())]
    own = dict(headers)
    given = own.get(b"x-request-id")
    if given is None:
        headers.append((b"x-request-id", exchange.request_id.encode()))
    else:
        exchange.request_id = given.decode("latin-1")
    if exchange.tag and message["status"] < 300 and b"etag" not in own:
        headers.append((b"etag", exchange.tag))
    return headers
