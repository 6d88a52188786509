"""Defaults of columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import Column, ColumnDefault, DefaultClause, Table, TextClause, false, true

from .codecs import encoder_of_column

MakeValue = Callable[[], Any]
MakeFromRow = Callable[["RowContext"], Any]

TRUE = frozenset({"1", "t", "true", "y", "yes", "on"})
"""Constants that are true in a boolean column."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_CONSTANT = re.compile(
    rf"\s*(?:'(?P<text>(?:[^']|'')*)'|(?P<plain>{_NUMBER}|true|false))"
    r"\s*(?:::\s*[\w\s.\"]+(?:\([\d\s,]*\))?(?:\[\])?)?\s*",
    re.IGNORECASE,
)
"""A literal, possibly with a cast as PostgreSQL writes it."""


class RowContext:
    """Argument of a default that takes a context (SQLAlchemy, Context-Sensitive Defaults).

    Args:
        current_parameters: The known values of the row, by column names.
    """

    def __init__(self, current_parameters: Mapping[str, Any]) -> None:
        self.current_parameters = dict(current_parameters)

    def get_current_parameters(self, isolate_multiinsert_groups: bool = True) -> dict[str, Any]:
        """Return the values of the row, by column names."""
        del isolate_multiinsert_groups  # each row has a context of its own
        return self.current_parameters


def value_maker(default: Any) -> MakeValue | None:
    """Return the function that makes the values of a SQLAlchemy default without looking at the row.

    Args:
        default: A column's `default` or `onupdate`.

    Returns:
        The function; None if the database makes the values, or if they depend on the row.
    """
    if default is None or default.is_clause_element or default.is_sequence or takes_row(default):
        return None
    if default.is_callable:
        return lambda: default.arg(None)
    return lambda: default.arg


def constant_of(column: Column[Any]) -> Any:
    """Return the constant that a column's Python default stores.

    Args:
        column: The column.

    Returns:
        A value of the column's type; None if the default is not a constant.
    """
    default = column.default
    if not isinstance(default, ColumnDefault) or not default.is_scalar:
        return None
    convert = encoder_of_column(type(default.arg), column.type)
    try:
        return default.arg if convert is None else convert(default.arg)
    except ValueError:
        return None  # the column can't hold it


def is_set_anew(column: Column[Any]) -> bool:
    """Whether an update of a row sets a column by itself."""
    return column.onupdate is not None or column.server_onupdate is not None


def row_maker(default: Any) -> MakeFromRow | None:
    """Return the function that makes the values of a default from the row, if it has one."""
    return default.arg if default is not None and takes_row(default) else None


def looks_at_rows(table: Table, written: Collection[Column[Any]], *, changes: bool) -> bool:
    """Whether a default is computed from the row, which rules out writing many rows in one
    statement.

    Args:
        table: The table.
        written: The columns that are given.
        changes: Whether rows are updated; otherwise they are new.
    """
    made = ((c, c.onupdate if changes else c.default) for c in table.columns)
    return any(row_maker(default) is not None and c not in written for c, default in made)


def takes_row(default: Any) -> bool:
    """Whether a default is a function that takes a context. SQLAlchemy wraps the others."""
    home = getattr(default.arg, "__globals__", {}) if default.is_callable else {}
    return default.is_callable and home.get("__name__") != "sqlalchemy.sql.schema"


def find_constant(default: DefaultClause) -> str | None:
    """Return the constant that the database stores in a column without a value, as a text.

    Returns:
        The text; None if the default is an expression, whose value may vary.
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
    """Whether a constant is an SQL number."""
    return re.fullmatch(_NUMBER, constant) is not None


def tells_time(constant: str) -> bool:
    """Whether PostgreSQL evaluates a constant as the current time, in a column of dates, times or
    ranges of them (PostgreSQL manual, 8.5.1.4)."""
    return re.search(r"\b(now|today|tomorrow|yesterday)\b", constant, re.IGNORECASE) is not None
