"""Logs of requests and statements: structured, and without values of rows."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from .exchange import Exchange
from .sql import code_of, hide_values, name_error

REQUESTS = logging.getLogger("modelwire.request")
STATEMENTS = logging.getLogger("modelwire.statement")

Fields = Mapping[str, Any]


class RequestLine(Struct, tag_field="message", tag="request", gc=False):
    """Log line of a request. Durations are in nanoseconds.

    Fields without meaning are left out: `trace_id` without a trace, `retries` if none,
    `first_byte_ns` where the response is no stream, `broken_off` where it is complete.
    """

    time: datetime
    level: Literal["info", "warning"]
    logger: str
    request_id: str
    method: str
    route: str
    status: int
    duration_ns: int
    pool_ns: int
    database_ns: int
    encode_ns: int
    statements: int
    trace_id: str | UnsetType = UNSET
    retries: int | UnsetType = UNSET
    first_byte_ns: int | UnsetType = UNSET
    broken_off: bool | UnsetType = UNSET


_encode_lines = msgspec.json.Encoder().encode_lines


def write_requests(exchanges: Sequence[Exchange]) -> None:
    """Write requests to standard error, as a JSON object a line.

    They don't go through `logging`, whose records take longer to create than all other
    measurements.
    """
    sys.stderr.flush()
    sys.stderr.buffer.write(_encode_lines(_make_lines(exchanges)))
    sys.stderr.buffer.flush()


def log_requests(exchanges: Sequence[Exchange]) -> None:
    """Log requests with the logger `modelwire.request`; each record has `fields`."""
    for line in _make_lines(exchanges):
        level = logging.INFO if line.level == "info" else logging.WARNING
        if REQUESTS.isEnabledFor(level):
            fields = msgspec.to_builtins(line, builtin_types=(datetime,))
            REQUESTS.handle(EventRecord(REQUESTS, level, "request", fields, describe_request))


def _make_lines(exchanges: Sequence[Exchange]) -> list[RequestLine]:
    name = REQUESTS.name
    start_s = (time.time_ns() - time.perf_counter_ns()) * 1e-9
    return [
        RequestLine(
            datetime.fromtimestamp(start_s + (e.began_ns + e.duration_ns) * 1e-9, UTC),
            "warning" if e.status >= 500 or e.is_broken_off else "info",
            name,
            e.request_id,
            e.method,
            e.route,
            e.status,
            e.duration_ns,
            e.pool_ns,
            e.database_ns,
            e.encode_ns,
            e.statements,
            e.trace_id or UNSET,
            e.retries or UNSET,
            e.answered_ns if e.is_stream else UNSET,
            e.is_broken_off or UNSET,
        )
        for e in exchanges
    ]


def log_statement(
    exchange: Exchange, text: str, duration_ns: int, error: BaseException | None
) -> None:
    """Log a statement that was slow or has failed, without its values and the error's text.

    Args:
        exchange: The request that it belongs to.
        text: Its SQL.
        duration_ns: Its duration.
        error: The error; None where it was slow.
    """
    level, outcome = (logging.WARNING, "slow") if error is None else _judge(error)
    if not STATEMENTS.isEnabledFor(level):
        return
    fields = {
        "request_id": exchange.request_id,
        "outcome": outcome,
        "duration_ns": duration_ns,
        "statement": hide_values(text),
    }
    if exchange.trace_id:
        fields["trace_id"] = exchange.trace_id
    if error is not None:
        fields["error"] = name_error(error)
    STATEMENTS.handle(EventRecord(STATEMENTS, level, "statement", fields, describe_statement))


def _judge(error: BaseException) -> tuple[int, str]:
    """Return the log level and outcome of an error; violated constraints are expected."""
    if not isinstance(error, Exception):
        return logging.INFO, "cancelled"
    expected = code_of(error).startswith(("23", "SQLITE_CONSTRAINT"))
    return logging.INFO if expected else logging.WARNING, "failed"


def describe_request(fields: Fields) -> str:
    """Describe a request in a line of text.

    Example:
        `GET /users/{id} 200 in 2.1 ms (database 1.3, encode 0.1) 3f…`
    """
    parts = ", ".join(
        f"{name} {fields[key] * 1e-6:.1f}"
        for name, key in (("pool", "pool_ns"), ("database", "database_ns"), ("encode", "encode_ns"))
        if fields[key]
    )
    streamed = " streamed" if "first_byte_ns" in fields else ""
    broken = " broken off" if fields.get("broken_off") else ""
    return (
        f"{fields['method']} {fields['route'] or '(no route)'} {fields['status']}{streamed}{broken}"
        f" in {fields['duration_ns'] * 1e-6:.1f} ms{f' ({parts})' if parts else ''}"
        f" {fields['request_id']}"
    )


def describe_statement(fields: Fields) -> str:
    """Describe a statement that was slow or has failed in a line of text."""
    error = f", {fields['error']}" if "error" in fields else ""
    return (
        f"Statement {fields['outcome']} after {fields['duration_ns'] * 1e-6:.1f} ms{error}, "
        f"request {fields['request_id']}: {fields['statement']}"
    )


class EventRecord(logging.LogRecord):
    """Log record of an event with fields, whose text is written when it is read.

    Args:
        logger: The logger.
        level: Its level.
        event: The event, in a word.
        fields: Its fields.
        describe: Describes it in a line of text.
    """

    def __init__(
        self,
        logger: logging.Logger,
        level: int,
        event: str,
        fields: Fields,
        describe: Callable[[Fields], str],
    ) -> None:
        super().__init__(logger.name, level, "", 0, event, (), None)
        self.fields = fields
        self._describe = describe

    def getMessage(self) -> str:  # noqa: N802 - the standard library's name
        """Describe the event in a line of text."""
        return self._describe(self.fields)
