"""What a log may say of an error of the database: its kind, without values of rows."""

from __future__ import annotations

import asyncpg

from .connect.watch import find_cause
from .faults.translate import DRIVER_ERRORS

_VALUES_IN_TEXT = "22"
"""Class 22 of PostgreSQL's codes, data exceptions, quotes the value that it is about."""


def describe_failure(error: BaseException) -> str | None:
    """Describe an error that SQLAlchemy or a driver has raised.

    PostgreSQL puts values of rows into the detail of its errors, and into the text of those about
    values. What it says otherwise names tables, columns and constraints, or is what a trigger has
    been written to say.

    Args:
        error: The error, or one that was raised from it.

    Returns:
        One line for a log; None for errors of any other origin.
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
