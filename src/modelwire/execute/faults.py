"""What the drivers raise, translated once, to the most specific of our errors."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Mapping

import asyncpg
from sqlalchemy import exc as sa

from ..catalog import names_in
from ..errors import (
    Constraint,
    ConstraintViolation,
    Contention,
    DatabaseError,
    Forbidden,
    InvalidRequest,
    LockTimeout,
    MissingTable,
    ModelwireError,
    TimedOut,
    TooManyLevels,
    Unavailable,
    UnknownOutcome,
    UnreadableAnswer,
    Violation,
)

DRIVER_ERRORS = (
    sa.SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    sqlite3.Error,
    OSError,
    TimeoutError,
)
"""What the drivers and SQLAlchemy raise."""

_ORIGINALS = tuple(cls for cls in DRIVER_ERRORS if cls is not sa.SQLAlchemyError)

_CONSTRAINT_NAMES = {
    "SQLITE_CONSTRAINT_UNIQUE": Constraint.UNIQUE,
    "SQLITE_CONSTRAINT_PRIMARYKEY": Constraint.UNIQUE,
    "SQLITE_CONSTRAINT_ROWID": Constraint.UNIQUE,
    "SQLITE_CONSTRAINT_FOREIGNKEY": Constraint.FOREIGN_KEY,
    "SQLITE_CONSTRAINT_NOTNULL": Constraint.NOT_NULL,
    "SQLITE_CONSTRAINT_CHECK": Constraint.CHECK,
    "SQLITE_CONSTRAINT_TRIGGER": Constraint.TRIGGER,
}
_REFERENCED = "FOREIGN KEY constraint failed"
"""What SQLite says of every foreign key; with ON DELETE RESTRICT as if a trigger said it."""
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")
_UNUSABLE = (
    "SQLITE_CANTOPEN",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_READONLY",
)

# PostgreSQL manual, appendix A.
_SQLSTATES = {
    "23505": Constraint.UNIQUE,
    "23503": Constraint.FOREIGN_KEY,
    "23001": Constraint.FOREIGN_KEY,
    "23502": Constraint.NOT_NULL,
    "23514": Constraint.CHECK,
    "23P01": Constraint.EXCLUSION,
    "22001": Constraint.LENGTH,
    "54000": Constraint.LENGTH,
    "22003": Constraint.RANGE,
    "22008": Constraint.RANGE,
    "P0001": Constraint.TRIGGER,
    # One row twice in one upsert, or what a trigger asks for one row and gets more.
    "21000": Constraint.TRIGGER,
}
_AWAY = ("08", "53", "57P", "25006")
_LOST = ("08", "57P01", "57P02", "57P05", "40003")
_OTHERS: Mapping[str, Callable[[], ModelwireError]] = {
    "40001": Contention,
    "40P01": Contention,
    "42501": Forbidden,
    "55P03": LockTimeout,
    "57014": lambda: TimedOut("A statement took longer than its time limit"),
}
_NO_TABLE = "42P01"
_NO_SUCH_TABLE = "no such table: "
_RAISE = "exec_stmt_raise"
"""The function of PL/pgSQL's source that runs RAISE; an error of it may have any SQLSTATE."""
_NO_UTF_8 = "Could not decode to UTF-8"
"""What Python's driver says of a text in SQLite that is none."""
_NOT_COMPILED = ("no such ", "near ", "table ", "ambiguous ", "incomplete ", "too many ", "SQL ")
"""How SQLite's words begin where it can't even compile a statement: a table is not as its model has
it. All else is said by an expression of a column, an index or a check that fails for a row."""
_DATA = "22"
"""Data exceptions: a check, an index or a computed column can't be computed for the row."""
_LOSSES = (OSError, asyncpg.InterfaceError)

# `Key (lower(name), city)=(ann, …) already exists.`: the names stand in the first brackets.
_KEY_IN_DETAIL = re.compile(r"\((.*)\)=\(", re.DOTALL)


def translate(error: BaseException) -> ModelwireError:
    """Translate an error of SQLAlchemy or a driver.

    Args:
        error: What was raised.

    Returns:
        The error to raise in its place, `from` it. The original's text is for the log alone.
    """
    if isinstance(error, sa.TimeoutError):
        return Unavailable("No connection to the database came free in time")
    original = _original_of(error)
    if type(original) is asyncpg.DataError or _is_of_a_type(error):
        return refuse_value()
    if isinstance(original, asyncpg.PostgresError):
        return _translate_postgresql(original)
    if isinstance(original, sqlite3.Error):
        return _translate_sqlite(original)
    disconnected = isinstance(error, sa.DBAPIError) and error.connection_invalidated
    if isinstance(original, TimeoutError) and original.errno is None:
        return TimedOut("A statement was not answered within its time limit")
    if disconnected or is_unsent(original) or isinstance(original, _LOSSES):
        return Unavailable()
    return DatabaseError()


def refuse_value() -> InvalidRequest:
    """The error for a value that a column's own type, or the driver, can't take."""
    return InvalidRequest(Violation("a value is none that its column can hold", "unstorable"))


def _is_of_a_type(error: BaseException) -> bool:
    """Whether SQLAlchemy reports what a column's type has raised for a parameter."""
    if not isinstance(error, sa.StatementError) or isinstance(error, sa.DBAPIError):
        return False
    return isinstance(error.orig, REFUSALS)


REFUSALS = (ValueError, TypeError, LookupError, ArithmeticError)
"""What types of columns raise for a value that they can't take."""


def translate_commit(error: BaseException) -> ModelwireError:
    """Translate what was raised by a statement that commits: COMMIT, or a write on its own.

    Args:
        error: What was raised.

    Returns:
        The error to raise in its place. Where no answer came, nobody knows what was stored; what
        the server has answered is the truth.
    """
    return UnknownOutcome() if is_unanswered(error) else translate(error)


def is_unanswered(error: BaseException) -> bool:
    """Whether a statement was sent and its connection lost, or given up on, before the answer.

    A server that shuts down (57P01) has answered, but not whether it committed before.

    Args:
        error: What was raised.
    """
    original = _original_of(error)
    if isinstance(original, asyncpg.PostgresError):
        return (original.sqlstate or "").startswith(_LOST)
    if isinstance(original, asyncpg.InternalClientError):
        return not is_unsent(original)
    if isinstance(original, (asyncpg.InterfaceError, sqlite3.Error)):
        return False
    return isinstance(original, (OSError, asyncio.CancelledError))


def is_unsent(error: BaseException) -> bool:
    """Whether a statement was not sent, since the connection had been lost before.

    asyncpg refuses what it is given after the server's last words ("another operation"), even
    before it sees that the connection is closed.

    Args:
        error: What was raised.
    """
    original = _original_of(error)
    refused = isinstance(original, (asyncpg.InterfaceError, asyncpg.InternalClientError))
    return refused and _REFUSED.search(str(original)) is not None


def refuses_writes(error: BaseException) -> bool:
    """Whether a statement was refused for its connection, or its server, taking no writes.

    Args:
        error: What was raised.
    """
    original = _original_of(error)
    if isinstance(original, asyncpg.PostgresError):
        return bool(original.sqlstate == _READ_ONLY)
    return (getattr(original, "sqlite_errorname", None) or "").startswith(_READ_ONLY_FILE)


_READ_ONLY = "25006"
_READ_ONLY_FILE = "SQLITE_READONLY"
_TOO_DEEP = "too many levels of trigger recursion"
"""SQLite's words where cascades or triggers are nested 1,000 deep (SQLITE_MAX_TRIGGER_DEPTH)."""
_REFUSED = re.compile(r"connection is closed|cannot switch to state \d+; another operation")


def _original_of(error: BaseException) -> BaseException:
    """The driver's own error, below SQLAlchemy's and its adapter's."""
    if isinstance(error, _ORIGINALS):
        return error
    below = error.orig if isinstance(error, sa.DBAPIError) else error.__cause__
    return error if below is None else _original_of(below)


def _translate_postgresql(error: asyncpg.PostgresError) -> ModelwireError:
    state = error.sqlstate or ""
    kind = _SQLSTATES.get(state)
    if kind is not None:
        return _read_diagnostics(error, kind)
    if state in _OTHERS:
        return _OTHERS[state]()
    if state.startswith(_AWAY):
        return Unavailable()
    if state == _NO_TABLE:
        return MissingTable(_named_in(str(error)))
    if getattr(error, "server_source_function", None) == _RAISE:
        return ConstraintViolation(Constraint.TRIGGER)
    if state.startswith(_DATA):
        return ConstraintViolation(Constraint.TRIGGER)
    return DatabaseError()


def _named_in(message: str) -> str:
    """The table that PostgreSQL names in quotes, those of the server's language."""
    match = _QUOTED.search(message)
    return "" if match is None else _last_of(match[1])


_QUOTED = re.compile(r'["«„“](.+?)["»“”]')


def _last_of(name: str) -> str:
    """A table's name without its schema."""
    return name.rpartition(".")[2]


def _read_diagnostics(error: asyncpg.PostgresError, kind: Constraint) -> ConstraintViolation:
    column = getattr(error, "column_name", None)
    columns = (column,) if column else _columns_in_detail(getattr(error, "detail", None))
    return ConstraintViolation(
        kind,
        getattr(error, "table_name", None),
        getattr(error, "constraint_name", None),
        columns,
        getattr(error, "schema_name", None),
    )


def _columns_in_detail(detail: str | None) -> tuple[str, ...]:
    match = _KEY_IN_DETAIL.search(detail or "")
    return () if match is None else tuple(names_in(match[1].split(")=(")[0]))


def _translate_sqlite(error: sqlite3.Error) -> ModelwireError:
    name = getattr(error, "sqlite_errorname", None) or ""
    kind = _CONSTRAINT_NAMES.get(name)
    if kind is not None:
        return _read_message(kind, str(error))
    if name.startswith(_BUSY):
        return Contention()
    if name.startswith(_UNUSABLE):
        return Unavailable()
    if str(error).startswith(_NO_SUCH_TABLE):
        return MissingTable(_last_of(str(error).removeprefix(_NO_SUCH_TABLE)))
    if str(error).startswith(_NO_UTF_8):
        return UnreadableAnswer()
    if str(error) == _TOO_DEEP:
        return TooManyLevels()
    if name == "SQLITE_ERROR" and not str(error).startswith(_NOT_COMPILED):
        return ConstraintViolation(Constraint.TRIGGER)
    if name == "SQLITE_INTERRUPT":
        return TimedOut("A statement took longer than its time limit")
    return DatabaseError()


def _read_message(kind: Constraint, message: str) -> ConstraintViolation:
    """Read SQLite's own words, such as `UNIQUE constraint failed: users.username, users.city`."""
    if message == _REFERENCED:
        return ConstraintViolation(Constraint.FOREIGN_KEY)
    if kind is Constraint.TRIGGER:
        return ConstraintViolation(kind)  # the words are the trigger's own
    _, _, subject = message.partition(": ")
    if kind is Constraint.CHECK:
        return ConstraintViolation(kind, None, subject or None)
    if subject.startswith("index '"):
        return ConstraintViolation(kind, None, subject[len("index '") : -1])
    table = subject.split(", ")[0].rpartition(".")[0]
    columns = subject.removeprefix(f"{table}.").split(f", {table}.") if subject else ()
    return ConstraintViolation(kind, table or None, None, columns)
