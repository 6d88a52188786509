"""Translation of errors of SQLite."""

from __future__ import annotations

import sqlite3

from ...errors import (
    Constraint,
    ConstraintViolation,
    Contention,
    DatabaseError,
    MissingTable,
    ModelwireError,
    TimedOut,
    TooManyLevels,
    Unavailable,
    UnreadableAnswer,
)
from ...statement.changes import COLUMNS_CHANGED

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
"""Message for every foreign key; with ON DELETE RESTRICT it comes as if from a trigger."""


TABLE_CHANGED = "A table was changed meanwhile"
"""Reason for retrying a transaction: the change triggers of its connection are outdated."""


_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")


_UNUSABLE = (
    "SQLITE_CANTOPEN",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_READONLY",
)


_NO_SUCH_TABLE = "no such table: "


_NO_UTF_8 = "Could not decode to UTF-8"
"""Message of Python's driver for a text in SQLite that is not UTF-8."""


_NOT_COMPILED = ("no such ", "near ", "table ", "ambiguous ", "incomplete ", "too many ", "SQL ")
"""Prefixes of messages for statements that do not compile: a table differs from its model.

Any other message comes from an expression of a column, an index or a check that fails for a row.
"""


_OVERFLOW = "integer overflow"
"""Message for an expression whose result exceeds SQLite's integers."""


_TOO_DEEP = "too many levels of trigger recursion"
"""Message for cascades or triggers nested 1,000 levels deep (SQLITE_MAX_TRIGGER_DEPTH)."""


def translate_sqlite(error: sqlite3.Error) -> ModelwireError:
    name = getattr(error, "sqlite_errorname", None) or ""
    kind = _CONSTRAINT_NAMES.get(name)
    if kind is not None:
        return _read_message(kind, str(error))
    if name.startswith(_BUSY):
        return Contention()
    if name.startswith(_UNUSABLE):
        return Unavailable()
    if str(error).startswith(_NO_SUCH_TABLE):
        return MissingTable(str(error).removeprefix(_NO_SUCH_TABLE).rpartition(".")[2])
    if str(error).startswith(_NO_UTF_8):
        return UnreadableAnswer()
    if str(error) == _TOO_DEEP:
        return TooManyLevels()
    if name == "SQLITE_ERROR" and not str(error).startswith(_NOT_COMPILED):
        is_beyond = str(error) == _OVERFLOW
        return ConstraintViolation(Constraint.RANGE if is_beyond else Constraint.TRIGGER)
    if name == "SQLITE_INTERRUPT":
        return TimedOut("A statement took longer than its time limit")
    return DatabaseError()


def _read_message(kind: Constraint, message: str) -> ConstraintViolation | Contention:
    """Read SQLite's message, such as `UNIQUE constraint failed: users.username, users.city`."""
    if message == _REFERENCED:
        return ConstraintViolation(Constraint.FOREIGN_KEY)
    if message == COLUMNS_CHANGED:
        return Contention(TABLE_CHANGED)
    if kind is Constraint.TRIGGER:
        return ConstraintViolation(kind)  # the message is the trigger's own
    _, _, subject = message.partition(": ")
    if kind is Constraint.CHECK:
        return ConstraintViolation(kind, None, subject or None)
    if subject.startswith("index '"):
        return ConstraintViolation(kind, None, subject[len("index '") : -1])
    table = subject.split(", ")[0].rpartition(".")[0]
    columns = subject.removeprefix(f"{table}.").split(f", {table}.") if subject else ()
    return ConstraintViolation(kind, table or None, None, columns)
