"""What is logged of requests and statements: structured, and without values of rows."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from .exchange import Exchange, Statement
from .sql import hide_values

REQUESTS = logging.getLogger("modelwire.request")
STATEMENTS = logging.getLogger("modelwire.statement")

Fields = Mapping[str, Any]

# Everything that formatters and handlers of the standard library expect of a record.
_PLAIN = vars(logging.makeLogRecord({}))


class EventRecord(logging.LogRecord):
    """A record of something that has happened, with its fields; its text is made when it is read.

    A record of the standard library looks for its caller, its thread and its process. That takes
    longer than all of the rest.

    Args:
        logger: The logger.
        level: Its level.
        event: What has happened, in a word.
        fields: What is to be said about it.
        describe: Writes that as a line for people.
    """

    def __init__(
        self,
        logger: logging.Logger,
        level: int,
        event: str,
        fields: Fields,
        describe: Callable[[Fields], str],
    ) -> None:
        now = time.time()
        self.__dict__.update(_PLAIN)
        self.name = logger.name
        self.levelno = level
        self.levelname = logging.getLevelName(level)
        self.created = now
        self.msecs = now % 1 * 1000
        self.msg = event
        self.fields = fields
        self._describe = describe

    def getMessage(self) -> str:  # noqa: N802 - the standard library's name
        """Write the event as a line for people."""
        return self._describe(self.fields)


def describe_request(fields: Fields) -> str:
    """Write a request as a line for people.

    Example:
        `GET /users/{id} 200 in 2.1 ms (pool 0, database 1.3, encode 0.1; 1 statement) 3f…`
    """
    parts = (
        f"pool {fields['pool_ms']:.1f}, database {fields['database_ms']:.1f}, "
        f"encode {fields['encode_ms']:.1f}; {count_statements(fields['statements'])}"
    )
    stream = ", streamed" if fields.get("stream") else ""
    broken = ", broken off" if fields.get("broken_off") else ""
    return (
        f"{fields['method']} {fields['route'] or '(no route)'} {fields['status']} "
        f"in {fields['duration_ms']:.1f} ms ({parts}{stream}{broken}) {fields['request_id']}"
    )


def count_statements(count: int) -> str:
    """Write a number of statements, as in `1 statement`."""
    return f"{count} statement" if count == 1 else f"{count} statements"


class Logs:
    """Logs requests, and statements that are slow or fail.

    Args:
        slow_statement_s: Seconds from which on a statement is slow.
    """

    def __init__(self, slow_statement_s: float) -> None:
        self._slow_ns = slow_statement_s * 1e9

    def log_request(self, exchange: Exchange, duration_ns: int, *, broken_off: bool) -> None:
        """Log a request when its answer has ended.

        Args:
            exchange: The request.
            duration_ns: How long it took to the end of the answer.
            broken_off: Whether the answer ended before its end.
        """
        failed = broken_off or exchange.status >= 500
        level = logging.WARNING if failed else logging.INFO
        if not REQUESTS.isEnabledFor(level):
            return
        fields: dict[str, Any] = {
            "request_id": exchange.request_id,
            "method": exchange.method,
            "route": exchange.route,
            "status": exchange.status,
            "duration_ms": duration_ns // 1000 / 1000,
            "pool_ms": exchange.pool_ns // 1000 / 1000,
            "database_ms": exchange.database_ns // 1000 / 1000,
            "encode_ms": exchange.encode_ns // 1000 / 1000,
            "statements": exchange.statements,
        }
        if exchange.trace_id:
            fields["trace_id"] = exchange.trace_id
        if exchange.retries:
            fields["retries"] = exchange.retries
        if exchange.is_stream:
            fields["stream"] = True
            fields["first_byte_ms"] = exchange.answered_ns // 1000 / 1000
        if broken_off:
            fields["broken_off"] = True
        REQUESTS.handle(EventRecord(REQUESTS, level, "request", fields, describe_request))

    def log_statement(self, statement: Statement, error: BaseException | None) -> None:
        """Log a statement that is slow or has failed, without its values and the error's text."""
        if error is None and statement.duration_ns < self._slow_ns:
            return
        level, outcome = (logging.WARNING, "slow") if error is None else _judge(error)
        if not STATEMENTS.isEnabledFor(level):
            return
        exchange = statement.exchange
        fields = {
            "request_id": exchange.request_id,
            "outcome": outcome,
            "duration_ms": statement.duration_ns // 1000 / 1000,
            "statement": hide_values(statement.text),
        }
        if exchange.trace_id:
            fields["trace_id"] = exchange.trace_id
        if error is not None:
            fields["error"] = name_error(error)
        record = EventRecord(STATEMENTS, level, "statement", fields, describe_statement)
        STATEMENTS.handle(record)


def describe_statement(fields: Fields) -> str:
    """Write a statement that was slow or has failed as a line for people."""
    error = f", {fields['error']}" if "error" in fields else ""
    return (
        f"Statement {fields['outcome']} after {fields['duration_ms']:.1f} ms{error}, "
        f"request {fields['request_id']}: {fields['statement']}"
    )


def _judge(error: BaseException) -> tuple[int, str]:
    """How loud an error is: constraints are there to fire, and clients come and go."""
    if not isinstance(error, Exception):
        return logging.INFO, "cancelled"
    expected = code_of(error).startswith(("23", "SQLITE_CONSTRAINT"))
    return logging.INFO if expected else logging.WARNING, "failed"


def code_of(error: BaseException) -> str:
    """The database's own code of an error: an SQLSTATE, or one of SQLite's names."""
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    return str(code or "")


def name_error(error: BaseException) -> str:
    """Name an error by its class and its code; never by its text, which may have values."""
    code = code_of(error)
    return f"{type(error).__name__} {code}" if code else type(error).__name__
