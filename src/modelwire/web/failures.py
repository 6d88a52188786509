"""Log of the details of failed requests that clients are not told."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from ..errors import InvalidRow, RequestError
from ..execute.failure import describe_failure
from ..observe.exchange import Exchange, name_method
from ..observe.logs import EventRecord

logger = logging.getLogger("modelwire")


def level_of(status: int) -> int:
    """Return the level at which failures with a status are logged."""
    return logging.ERROR if status >= 500 else logging.INFO


def log_failure(error: RequestError, status: int, exchange: Exchange, route: str) -> None:
    """Log a server error, or an error that the database has raised.

    Errors of the database or of a read schema are logged without values of rows, all others with a
    traceback.

    Args:
        error: The error.
        status: The status of the response.
        exchange: The request.
        route: The template of its path.
    """
    level, cause = level_of(status), error.__cause__
    failure = _describe_cause(error, cause)
    fields: dict[str, Any] = {
        "request_id": exchange.request_id,
        "method": name_method(exchange.method),
        "route": route,
        "status": status,
        "code": error.code,
        "failure": failure or type(cause or error).__name__,
    }
    if exchange.trace_id:
        fields["trace_id"] = exchange.trace_id
    record = EventRecord(logger, level, "failure", fields, _describe)
    if status == 500 and cause is not None:
        if failure is None:
            record.exc_info = (type(cause), cause, cause.__traceback__)
        else:
            record.stack_info = "".join(traceback.format_tb(cause.__traceback__)).rstrip()
    logger.handle(record)


def _describe_cause(error: RequestError, cause: BaseException | None) -> str | None:
    """Return one line without values of rows; None where only a traceback describes the cause."""
    if isinstance(error, InvalidRow):
        return error.failure
    return describe_failure(cause) if cause is not None else None


def _describe(fields: Any) -> str:
    return (
        f"{fields['method']} {fields['route'] or '(no route)'} answered {fields['status']} "
        f"{fields['code']}, request {fields['request_id']}: {fields['failure']}"
    )
