"""Description of a database error for the log: its kind, without values of rows."""

from __future__ import annotations

import asyncpg

from .connect.watch import find_cause
from .faults.translate import DRIVER_ERRORS

_VALUES_IN_TEXT = "22"
"""Class 22 of PostgreSQL's codes: data exceptions, whose messages quote values."""


def describe_failure(error: BaseException) -> str | None:
    """Describe an error of SQLAlchemy or a driver.

    PostgreSQL quotes values of rows in the details of its errors, and in the messages of data
    exceptions. Other messages name tables, columns and constraints, or are a trigger's own.

    Args:
        error: The error, or one that was raised from it.

    Returns:
        One line for a log; None for other errors.
    """
    cause = find_cause(error)
    if not isinstance(cause, DRIVER_ERRORS):
        return None
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    name = f"{type(cause).__name__} {code}" if code else type(cause).__name__
    if isinstance(cause, (asyncpg.PostgresError, asyncpg.InterfaceError)):
        text = "" if str(code).startswith(_VALUES_IN_TEXT) else str(cause.args[0])
    else:
        text = str(cause)
    return f"{name}: {' '.join(text.split())}" if text else name
