"""What a column makes itself where a row gives it no value."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import Column, ColumnDefault, DefaultClause, Table, TextClause, false, true

from .codecs import encoder_of_column

MakeValue = Callable[[], Any]
MakeFromRow = Callable[["RowContext"], Any]

TRUE = frozenset({"1", "t", "true", "y", "yes", "on"})
"""Constants that are true in a column of booleans."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_CONSTANT = re.compile(
    rf"\s*(?:'(?P<text>(?:[^']|'')*)'|(?P<plain>{_NUMBER}|true|false))"
    r"\s*(?:::\s*[\w\s.\"]+(?:\([\d\s,]*\))?(?:\[\])?)?\s*",
    re.IGNORECASE,
)
"""A literal, which may be cast to a type as PostgreSQL writes it."""


class RowContext:
    """What a default that takes a context is called with (SQLAlchemy, Context-Sensitive Defaults).

    Args:
        current_parameters: The values of the row that are known, by the names of their columns.
    """

    def __init__(self, current_parameters: Mapping[str, Any]) -> None:
        self.current_parameters = dict(current_parameters)

    def get_current_parameters(self, isolate_multiinsert_groups: bool = True) -> dict[str, Any]:
        """The values of the row, by the names of their columns."""
        del isolate_multiinsert_groups  # each row has a context of its own
        return self.current_parameters


def value_maker(default: Any) -> MakeValue | None:
    """What makes the values of a default of SQLAlchemy's without looking at anything.

    Args:
        default: A column's `default` or `onupdate`.

    Returns:
        A function; None where the database makes them, or they depend on the row.
    """
    if default is None or default.is_clause_element or default.is_sequence or takes_row(default):
        return None
    if default.is_callable:
        return lambda: default.arg(None)
    return lambda: default.arg


def constant_of(column: Column[Any]) -> Any:
    """What a column's own default stores in it.

    Args:
        column: The column.

    Returns:
        A value as the column's type takes it; None where the default is no constant.
    """
    default = column.default
    if not isinstance(default, ColumnDefault) or not default.is_scalar:
        return None
    convert = encoder_of_column(type(default.arg), column.type)
    try:
        return default.arg if convert is None else convert(default.arg)
    except ValueError:
        return None  # which the column can't hold


def is_set_anew(column: Column[Any]) -> bool:
    """Whether a change of a row gives a column another value by itself."""
    return column.onupdate is not None or column.server_onupdate is not None


def row_maker(default: Any) -> MakeFromRow | None:
    """What makes the values of a default from the rest of the row, if it does so."""
    return default.arg if default is not None and takes_row(default) else None


def looks_at_rows(table: Table, written: Collection[Column[Any]], *, changes: bool) -> bool:
    """Whether anything is made of a row, so that many rows can't be written at once.

    Args:
        table: The table.
        written: The columns that are given.
        changes: Whether rows are changed, or new.
    """
    made = ((c, c.onupdate if changes else c.default) for c in table.columns)
    return any(row_maker(default) is not None and c not in written for c, default in made)


def takes_row(default: Any) -> bool:
    """Whether a default is a function that takes a context. SQLAlchemy wraps those that don't."""
    home = getattr(default.arg, "__globals__", {}) if default.is_callable else {}
    return default.is_callable and home.get("__name__") != "sqlalchemy.sql.schema"


def find_constant(default: DefaultClause) -> str | None:
    """What the database gives every row that has no value in a column, as a text.

    Returns:
        The text; None where it is made by an expression, which may be another one each time.
    """
    arg = default.arg
    if isinstance(arg, str):
        return arg
    for word, boolean in (("true", true()), ("false", false())):
        if isinstance(arg, type(boolean)):
            return word
    text = getattr(arg, "text", None) if isinstance(arg, TextClause) else None
    found = None if text is None else _CONSTANT.fullmatch(text)
    if found is None:
        return None
    return found["plain"] or found["text"].replace("''", "'")


def is_number(constant: str) -> bool:
    """Whether a constant is a number as SQL has it."""
    return re.fullmatch(_NUMBER, constant) is not None


def tells_time(constant: str) -> bool:
    """Whether PostgreSQL takes a constant for the time at which it is read, in a column of dates,
    times or ranges of them (PostgreSQL manual, 8.5.1.4)."""
    return re.search(r"\b(now|today|tomorrow|yesterday)\b", constant, re.IGNORECASE) is not None
