"""Spans of statements (OpenTelemetry, semantic conventions for database client spans).

FastAPI creates the span of the request itself. This module is only used below such a span.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from time import time_ns
from typing import TypeVar

import msgspec
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy.engine import URL

from .exchange import Exchange, Statement
from .sql import code_of, hide_values, summarize

T = TypeVar("T")

# Until the application configures a provider, this tracer creates spans that record nothing.
_TRACER = trace.get_tracer("modelwire", schema_url="https://opentelemetry.io/schemas/1.44.0")

Attributes = Mapping[str, str | int]


class TracedExchange(Exchange, eq=False, gc=False):
    """Request whose statements have spans.

    Args:
        database: The attributes of the database's spans.
    """

    database: Attributes = msgspec.field(default_factory=dict)

    async def measure(self, text: str, answer: Awaitable[T]) -> T:
        """Await the result of a statement, and measure and trace it."""
        statement = self.begin_statement(text)
        try:
            found = await answer
        except BaseException as error:
            statement.end(error)
            raise
        statement.end()
        return found

    def add_gathered(self, text: str, waited_ns: int, duration_ns: int) -> None:
        """Add a statement that has answered other requests as well, and trace it afterwards."""
        super().add_gathered(text, waited_ns, duration_ns)
        start_span(text, self.database, time_ns() - duration_ns).end()

    def begin_statement(self, text: str) -> Statement:
        """Begin to measure and trace a statement."""
        return TracedStatement(self, text, self.database)


def start_span(text: str, database: Attributes, start_ns: int | None = None) -> trace.Span:
    """Start the span of a statement, below the current one.

    Args:
        text: Its SQL.
        database: The attributes of the database.
        start_ns: Its start by the system clock; now, by default.
    """
    operation, target = summarize(text)
    summary = f"{operation} {target}".strip()
    attributes = {
        **database,
        "db.query.text": hide_values(text),
        "db.query.summary": summary,
        "db.operation.name": operation,
    }
    if target:
        attributes["db.collection.name"] = target
    return _TRACER.start_span(
        summary, kind=SpanKind.CLIENT, attributes=attributes, start_time=start_ns
    )


class TracedStatement(Statement):
    """Running statement, with a span below the current one.

    Args:
        exchange: The request that it belongs to.
        text: Its SQL.
        database: The attributes of the database.
    """

    def __init__(self, exchange: Exchange, text: str, database: Attributes) -> None:
        self._span = start_span(text, database)
        super().__init__(exchange, text)

    def end(self, error: BaseException | None = None) -> None:
        """Note that it has ended; the span has the class of an error, never its text."""
        super().end(error)
        if error is not None:
            code = code_of(error)
            if code:
                self._span.set_attribute("db.response.status_code", code)
            self._span.set_attribute("error.type", code or type(error).__qualname__)
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


def describe_database(url: URL) -> Attributes:
    """Return the span attributes of a database: never its user or its password."""
    found = {
        "db.system.name": url.get_backend_name(),
        "db.namespace": url.database,
        "server.address": url.host,
        "server.port": url.port,
    }
    return {name: value for name, value in found.items() if value}
