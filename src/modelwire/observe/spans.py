"""Spans of statements (OpenTelemetry, semantic conventions for database client spans).

FastAPI makes the span of the request itself. What is here only runs below such a span.
"""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy.engine import URL

from .logs import code_of
from .sql import hide_values, summarize

# Until the application configures a provider, this tracer makes spans that record nothing.
_TRACER = trace.get_tracer("modelwire", schema_url="https://opentelemetry.io/schemas/1.44.0")


class StatementSpan:
    """The span of one statement."""

    __slots__ = ("_span",)

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def end(self, error: BaseException | None) -> None:
        """End it, with the kind of error where there was one, never with its text."""
        if error is not None:
            code = code_of(error)
            if code:
                self._span.set_attribute("db.response.status_code", code)
            self._span.set_attribute("error.type", code or type(error).__qualname__)
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


class StatementSpans:
    """Starts the spans of statements on one database.

    Args:
        url: The database; its user and its password are left out.
    """

    def __init__(self, url: URL) -> None:
        self._attributes: dict[str, str | int] = {"db.system.name": url.get_backend_name()}
        if url.database:
            self._attributes["db.namespace"] = url.database
        if url.host:
            self._attributes["server.address"] = url.host
        if url.port:
            self._attributes["server.port"] = url.port

    def start(self, text: str) -> StatementSpan:
        """Start the span of a statement, below the one that is current."""
        operation, target = summarize(text)
        summary = f"{operation} {target}".strip()
        attributes = {
            **self._attributes,
            "db.query.text": hide_values(text),
            "db.query.summary": summary,
            "db.operation.name": operation,
        }
        if target:
            attributes["db.collection.name"] = target
        span = _TRACER.start_span(summary, kind=SpanKind.CLIENT, attributes=attributes)
        return StatementSpan(span)
