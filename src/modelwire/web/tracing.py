"""Trace of a request (W3C Trace Context), and the attributes of its span."""

from __future__ import annotations

import re
from contextvars import Token
from urllib.parse import parse_qsl, urlencode

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import Scope

from ..observe.exchange import Exchange

TraceToken = Token[Context]

_HIDDEN = "REDACTED"
_NAME = re.compile(r"[\w.]{1,64}")
_PROPAGATOR = TraceContextTextMapPropagator()


def continue_trace(scope: Scope) -> TraceToken | None:
    """Make the trace of a client's `traceparent` the current one.

    Calls that the application makes then belong to that trace, even where nothing records it.

    Args:
        scope: The request.

    Returns:
        The token that ends it; None where a span of the request, such as FastAPI's, continues it.
    """
    if trace.get_current_span().get_span_context().is_valid:
        return None
    return context.attach(_PROPAGATOR.extract(dict(Headers(scope=scope))))


def leave_trace(token: TraceToken) -> None:
    """End the trace that `continue_trace` has made current."""
    context.detach(token)


def hide_url(span: Span, scope: Scope, exchange: Exchange) -> None:
    """Set the route and parameter names of a request in its span, without their values.

    Args:
        span: The span.
        scope: The request.
        exchange: The measured request.
    """
    span.set_attribute("url.path", exchange.route or _HIDDEN)
    if scope["query_string"]:
        given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        names = [name if _NAME.fullmatch(name) else _HIDDEN for name, _ in given]
        span.set_attribute("url.query", urlencode([(name, _HIDDEN) for name in names]))
    span.set_attribute("http.response.header.x-request-id", [exchange.request_id])
