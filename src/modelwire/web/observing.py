"""Stands around an application: gives each request its id, and measures it."""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable
from time import perf_counter_ns

from fastapi import FastAPI
from opentelemetry import trace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..observe import CURRENT, Exchange, Observer, write_timing
from .route_names import RouteNames
from .tracing import continue_trace, hide_url, leave_trace

EXCHANGE = "modelwire.exchange"
"""Where the scope of a request has its `Exchange`."""

_REQUEST_ID = re.compile(rb"[\w.:-]{1,128}")
_METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)


def observe(app: FastAPI, observer: Observer, names: RouteNames) -> None:
    """Observe every request to an application, those to its own endpoints too.

    What observes stands before all middleware, so it sees what the client sees.

    Args:
        app: The application. Once is enough, however much is mounted on it.
        observer: What is done with what was measured.
        names: Finds the names of routes.
    """
    if getattr(app.state, "modelwire_observed", False):
        return
    app.state.modelwire_observed = True
    app.middleware_stack = None
    build = app.build_middleware_stack

    def build_observed() -> ASGIApp:
        return Observing(build(), observer, names)

    app.build_middleware_stack = build_observed  # type: ignore[method-assign]


class Observing:
    """Observes the requests to an application.

    Args:
        app: The application, with its middleware.
        observer: What is done with what was measured.
        names: Finds the names of routes.
    """

    def __init__(self, app: ASGIApp, observer: Observer, names: RouteNames) -> None:
        self.app = app
        self._observer = observer
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and observe how."""
        if scope["type"] != "http" or EXCHANGE in scope:
            await self.app(scope, receive, send)
            return
        given, is_traced = _read_headers(scope)
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        exchange = Exchange(given or make_request_id(), method, perf_counter_ns(), self._observer)
        scope[EXCHANGE] = exchange
        token = continue_trace(scope) if is_traced else None
        try:
            await self._answer(exchange, scope, receive, send)
        finally:
            if token is not None:
                leave_trace(token)

    async def _answer(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        span = trace.get_current_span()
        records = span.is_recording()
        if not records and not self._observer.is_on:
            await self.app(scope, receive, Marking(exchange, send).send)
            return
        if records:
            self._observer.trace(exchange)
        trace_id = span.get_span_context().trace_id
        if trace_id:
            exchange.trace_id = f"{trace_id:032x}"
        measuring = Measuring(exchange, self._observer, self._names, scope, send)
        measuring.span = span if records else None
        token = CURRENT.set(exchange)
        self._observer.begin(exchange)
        try:
            await self.app(scope, receive, measuring.send)
        except Exception:
            exchange.status = exchange.status or 500
            raise
        finally:
            CURRENT.reset(token)
            measuring.end(broken_off=True)


class Marking:
    """Sends an answer with its request's id.

    Args:
        exchange: The request.
        send: Sends what is given to it.
    """

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self._exchange = exchange
        self._send = send

    def send(self, message: Message) -> Awaitable[None]:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self._mark(message)
        return self._send(message)

    def _mark(self, message: Message) -> None:
        headers = message["headers"] = list(message.get("headers", ()))
        for name, value in headers:
            if name == b"x-request-id":  # the application gives ids of its own
                self._exchange.request_id = value.decode("latin-1")
                return
        headers.append((b"x-request-id", self._exchange.request_id.encode()))


class Measuring(Marking):
    """Sends an answer with its request's id, and says when it has ended.

    Args:
        exchange: The request.
        observer: Who is told.
        names: Finds the names of routes.
        scope: The scope of the request.
        send: Sends what is given to it.

    Attributes:
        span: The span of the request, if one is recorded.
    """

    def __init__(
        self,
        exchange: Exchange,
        observer: Observer,
        names: RouteNames,
        scope: Scope,
        send: Send,
    ) -> None:
        super().__init__(exchange, send)
        self._observer = observer
        self._names = names
        self._scope = scope
        self._ended = False
        self.span: trace.Span | None = None

    def send(self, message: Message) -> Awaitable[None]:
        """Send a part of the answer."""
        kind = message["type"]
        if kind == "http.response.start":
            self._begin(message)
        elif message.get("more_body", False):
            if not self._exchange.is_stream:
                self._observer.begin_stream(self._exchange)
        elif kind in ("http.response.body", "http.response.pathsend"):
            self.end(broken_off=False)
        return self._send(message)

    def _begin(self, message: Message) -> None:
        exchange = self._exchange
        exchange.status = message["status"]
        exchange.answered_ns = perf_counter_ns() - exchange.began_ns
        self._mark(message)
        if self._observer.tells_timing:
            message["headers"].append((b"server-timing", write_timing(exchange)))

    def end(self, *, broken_off: bool) -> None:
        """Say that the answer has ended, unless that has been said."""
        if self._ended:
            return
        self._ended = True
        exchange = self._exchange
        exchange.route = self._names.find(self._scope)
        if self.span is not None:
            hide_url(self.span, exchange, self._scope["query_string"])
        self._observer.end(exchange, broken_off=broken_off)


def make_request_id() -> str:
    """Make the id of a request that brought none."""
    return f"{random.getrandbits(128):032x}"


def _read_headers(scope: Scope) -> tuple[str, bool]:
    """Read the id that a client gave its request, where it can stand in a log, and whether the
    request belongs to a trace."""
    given, is_traced = "", False
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            if _REQUEST_ID.fullmatch(value):
                given = value.decode()
        elif name == b"traceparent":
            is_traced = True
    return given, is_traced
