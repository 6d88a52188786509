"""Translation of the drivers' exceptions, once, to modelwire's most specific errors."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy import exc as sa

from ...compat.asyncpg import was_not_sent
from ...errors import (
    DatabaseError,
    InvalidRequest,
    ModelwireError,
    TimedOut,
    Unavailable,
    UnknownOutcome,
    Violation,
)
from .postgresql import translate_postgresql
from .sqlite import translate_sqlite

DRIVER_ERRORS = (
    sa.SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    sqlite3.Error,
    OSError,
    TimeoutError,
)
"""Exceptions of the drivers and SQLAlchemy."""

_ORIGINALS = tuple(cls for cls in DRIVER_ERRORS if cls is not sa.SQLAlchemyError)


_LOST = ("08", "57P01", "57P02", "57P05", "40003")
_LOSSES = (OSError, asyncpg.InterfaceError)


def translate(error: BaseException) -> ModelwireError:
    """Translate an error of SQLAlchemy or a driver.

    Args:
        error: The exception.

    Returns:
        The error to raise in its place, `from` it. The original's message is only for the log.
    """
    if isinstance(error, sa.TimeoutError):
        return Unavailable("No connection to the database came free in time")
    original = _original_of(error)
    if type(original) is asyncpg.DataError:
        return refuse_value()
    if isinstance(original, asyncpg.PostgresError):
        return translate_postgresql(original)
    is_wrapped = isinstance(error, sa.DBAPIError)
    if isinstance(error, sa.StatementError) and not is_wrapped and isinstance(error.orig, REFUSALS):
        return refuse_value()  # a column's type has raised it for a parameter
    if isinstance(original, sqlite3.Error):
        return translate_sqlite(original)
    disconnected = isinstance(error, sa.DBAPIError) and error.connection_invalidated
    if isinstance(original, TimeoutError) and original.errno is None:
        return TimedOut("A statement was not answered within its time limit")
    if disconnected or is_unsent(original) or isinstance(original, _LOSSES):
        return Unavailable()
    return DatabaseError()


@contextmanager
def translating() -> Iterator[None]:
    """Translate the errors of SQLAlchemy and the drivers that a block raises."""
    try:
        yield
    except DRIVER_ERRORS as exc:
        raise translate(exc) from exc


def refuse_value() -> InvalidRequest:
    """Return the error for a value that a column's own type, or the driver, can't accept."""
    return InvalidRequest(Violation("a value does not fit its column", "unstorable"))


REFUSALS = (ValueError, TypeError, LookupError, ArithmeticError)
"""Exceptions that types of columns raise for a value that they can't accept."""


def translate_commit(error: BaseException) -> ModelwireError:
    """Translate an exception of a statement that commits: COMMIT, or an autocommitted write.

    Args:
        error: The exception.

    Returns:
        The error to raise in its place. Without an answer of the server, the outcome is unknown.
    """
    return UnknownOutcome() if is_unanswered(error) else translate(error)


def is_unanswered(error: BaseException) -> bool:
    """Whether a statement was sent and its connection lost, or given up, before the answer.

    A server that shuts down (57P01) has answered, but not whether it committed before.

    Args:
        error: The exception.
    """
    original = _original_of(error)
    if isinstance(original, asyncpg.PostgresError):
        return (original.sqlstate or "").startswith(_LOST)
    if isinstance(original, asyncpg.InternalClientError):
        return not is_unsent(original)
    return isinstance(original, (OSError, asyncio.CancelledError))


def was_given_up(error: ModelwireError) -> bool:
    """Whether a server has not even confirmed the cancellation of a statement.

    Args:
        error: The translated error.
    """
    return isinstance(error, TimedOut) and isinstance(error.__cause__, TimeoutError)


def is_unsent(error: BaseException) -> bool:
    """Whether a statement was not sent, since the connection had been lost before.

    After the server's last message, asyncpg refuses statements ("another operation") even before it
    notices that the connection is closed.

    Args:
        error: The exception.
    """
    return was_not_sent(_original_of(error))


def refuses_writes(error: BaseException) -> bool:
    """Whether a statement was refused because its connection, or its server, is read-only.

    Args:
        error: The exception.
    """
    original = _original_of(error)
    if isinstance(original, asyncpg.PostgresError):
        return bool(original.sqlstate == _READ_ONLY)
    return (getattr(original, "sqlite_errorname", None) or "").startswith(_READ_ONLY_FILE)


_READ_ONLY = "25006"
_READ_ONLY_FILE = "SQLITE_READONLY"


def _original_of(error: BaseException) -> BaseException:
    """Return the driver's own error, below SQLAlchemy's and its adapter's."""
    if isinstance(error, _ORIGINALS):
        return error
    below = error.orig if isinstance(error, sa.DBAPIError) else error.__cause__
    return error if below is None else _original_of(below)
