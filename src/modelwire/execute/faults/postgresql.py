"""Translation of errors of PostgreSQL and asyncpg."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import asyncpg

from ...catalog.constraints import names_in
from ...compat.asyncpg import Diagnostics, diagnostics_of
from ...errors import (
    Constraint,
    ConstraintViolation,
    Contention,
    DatabaseError,
    Forbidden,
    LockTimeout,
    MissingTable,
    ModelwireError,
    TimedOut,
    Unavailable,
    UnknownOutcome,
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
    # A row that occurs twice in one upsert, or a trigger's subquery with more than one row.
    "21000": Constraint.TRIGGER,
}


_AWAY = ("08", "53", "57P", "25006")


_OTHERS: Mapping[str, Callable[[], ModelwireError]] = {
    "40001": Contention,
    "40003": UnknownOutcome,
    "40P01": Contention,
    "42501": Forbidden,
    "55P03": LockTimeout,
    "57014": lambda: TimedOut("A statement took longer than its time limit"),
}


_NO_TABLE = "42P01"


_RAISE = "exec_stmt_raise"
"""Function of PL/pgSQL's source that runs RAISE, whose errors may have any SQLSTATE."""


_DATA = "22"
"""Data exceptions: a check, an index or a computed column can't be evaluated for the row."""


_INPUT = re.compile(r"\w+_in")
"""Functions of PostgreSQL's source that parse values of types that are not checked before.

An example is `cash_in`.
"""

_PARAMETER = re.compile(r"[^\n]+\$[0-9]+( = [^\n]*)?")
"""Context of an error in a parameter, in any language: `unnamed portal parameter $1 = '...'`.

A cast in a trigger, a check or a computed column has another context.
"""


# `Key (lower(name), city)=(ann, …) already exists.`: the names are in the first parentheses, also
# in `Partition key of the failing row contains (month) = (11).` For a named check, the row itself
# is there.
_KEY_IN_DETAIL = re.compile(r"\((.*)\) ?= ?\(", re.DOTALL)
_EQUALS = re.compile(r"\) ?= ?\(")


def translate_postgresql(error: asyncpg.PostgresError) -> ModelwireError:
    state = error.sqlstate or ""
    if state.startswith(_DATA) and _is_of_parameter(diagnostics_of(error)):
        return ConstraintViolation(Constraint.FORM)
    kind = _SQLSTATES.get(state)
    if kind is not None:
        return _read_diagnostics(error, kind)
    if state in _OTHERS:
        return _OTHERS[state]()
    if state.startswith(_AWAY):
        return Unavailable()
    if state == _NO_TABLE:
        return MissingTable(_named_in(str(error)))
    if diagnostics_of(error).function == _RAISE:
        return ConstraintViolation(Constraint.TRIGGER)
    if state.startswith(_DATA):
        return ConstraintViolation(Constraint.TRIGGER)
    return DatabaseError()


def _is_of_parameter(told: Diagnostics) -> bool:
    """Whether a value could not be parsed as one of its column's type."""
    reads = _INPUT.fullmatch(told.function or "")
    return reads is not None and _PARAMETER.fullmatch(told.context or "") is not None


def _named_in(message: str) -> str:
    """Return the table that PostgreSQL names, in the quotes of the server's language."""
    match = _QUOTED.search(message)
    return "" if match is None else match[1].rpartition(".")[2]


_QUOTED = re.compile(r'["«»„“]\s*(.+?)\s*["»«“”]')


def _read_diagnostics(error: asyncpg.PostgresError, kind: Constraint) -> ConstraintViolation:
    told = diagnostics_of(error)
    columns: Sequence[str] = (told.column,) if told.column else ()
    is_row = kind is Constraint.CHECK and told.constraint is not None
    match = None if columns or is_row else _KEY_IN_DETAIL.search(told.detail or "")
    if match is not None:
        columns = names_in(_EQUALS.split(match[1])[0])
    return ConstraintViolation(kind, told.table, told.constraint, columns, told.schema)
