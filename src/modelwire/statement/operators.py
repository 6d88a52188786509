"""How each operator is written in SQL: the one table of operators.

Logic is two-valued: a comparison with NULL is false, so `ne` and `not_in` also hold for NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_
from sqlalchemy.types import Text

from ..catalog import Field
from .lists import in_list
from .types import operand_type

LOWER = "modelwire_lower"
"""Unicode lower-casing on SQLite, whose own `lower` knows ASCII only; `execute` registers it."""

UNHEX = "modelwire_unhex"
"""Bytes from their hex digits on SQLite, which has no such function before 3.41."""

Render = Callable[[Field, str, str], ColumnElement[bool]]
Prepare = Callable[[Any], Any]


def render_predicate(
    field: Field, operator: str, name: str, dialect: str
) -> tuple[ColumnElement[bool], Mapping[str, Prepare]]:
    """Write a comparison in SQL.

    Args:
        field: The field on the left.
        operator: The operator's name.
        name: Name of the parameter on the right.
        dialect: `sqlite` or `postgresql`.

    Returns:
        The expression, and how the parameters' values are prepared where they are.
    """
    if operator in _PATTERNS:
        return _render_pattern(field, operator, name, dialect)
    if operator == "isnull":
        return field.column.is_(None) == bindparam(name), {}
    if operator == "between":
        low, high = (
            _operand(field, f"{name}_low", dialect),
            _operand(field, f"{name}_high", dialect),
        )
        return field.column.between(low, high), {}
    return _COMPARISONS[operator](field, name, dialect), {}


def _operand(field: Field, name: str, dialect: str) -> Any:
    return bindparam(name, type_=operand_type(field.column.type, dialect))


def _compare(method: str) -> Render:
    def render(field: Field, name: str, dialect: str) -> ColumnElement[bool]:
        comparison: ColumnElement[bool] = getattr(field.column, method)(
            _operand(field, name, dialect)
        )
        return comparison

    return render


def _in(field: Field, name: str, dialect: str) -> ColumnElement[bool]:
    return in_list(field.column, name, dialect)


def _not_in(field: Field, name: str, dialect: str) -> ColumnElement[bool]:
    absent = ~in_list(field.column, name, dialect)
    return or_(field.column.is_(None), absent) if field.nullable else absent


def _not_equal(field: Field, name: str, dialect: str) -> ColumnElement[bool]:
    operand = _operand(field, name, dialect)
    if field.nullable:
        return field.column.is_distinct_from(operand)
    unequal: ColumnElement[bool] = field.column != operand
    return unequal


_COMPARISONS: Mapping[str, Render] = {
    "eq": _compare("__eq__"),
    "ne": _not_equal,
    "gt": _compare("__gt__"),
    "gte": _compare("__ge__"),
    "lt": _compare("__lt__"),
    "lte": _compare("__le__"),
    "in": _in,
    "not_in": _not_in,
}

# What stands before and after the value, and whether % and _ in it are wildcards.
_PATTERNS: Mapping[str, tuple[str, str, bool]] = {
    "contains": ("%", "%", False),
    "startswith": ("", "%", False),
    "endswith": ("%", "", False),
    "like": ("", "", True),
    "icontains": ("%", "%", False),
    "istartswith": ("", "%", False),
    "iendswith": ("%", "", False),
    "ilike": ("", "", True),
}


def _render_pattern(
    field: Field, operator: str, name: str, dialect: str
) -> tuple[ColumnElement[bool], Mapping[str, Prepare]]:
    before, after, wild = _PATTERNS[operator]
    folds = operator.startswith("i")

    def to_like(value: str) -> str:
        pattern = _close_escape(value) if wild else _escape_like(value)
        pattern = f"{before}{pattern}{after}"
        return lower(pattern) if folds and dialect == "sqlite" else pattern

    operand = bindparam(name, type_=Text())
    if dialect == "postgresql":
        if folds:
            return func.lower(field.column).like(func.lower(operand), escape="\\"), {name: to_like}
        return field.column.like(operand, escape="\\"), {name: to_like}
    if folds:
        lowered = getattr(func, LOWER)(field.column)
        return lowered.like(operand, escape="\\"), {name: to_like}
    # LIKE on SQLite ignores the case of ASCII letters; GLOB doesn't.
    return field.column.op("GLOB")(operand).self_group(), {
        name: lambda v: _like_to_glob(to_like(v))
    }


def _escape_like(value: str) -> str:
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _close_escape(pattern: str) -> str:
    """Let a backslash at the end, which escapes nothing, stand for itself."""
    backslashes = len(pattern) - len(pattern.rstrip("\\"))
    return pattern + "\\" if backslashes % 2 else pattern


def lower(text: str) -> str:
    """Lower-case a text by Unicode's simple mapping, character by character."""
    # Python's own has two exceptions: a sigma at a word's end, and I with a dot, which becomes two.
    return text.lower() if text.isascii() else text.translate(_SIMPLE).lower()


_SIMPLE = {0x03A3: "\u03c3", 0x0130: "i"}


def _like_to_glob(pattern: str) -> str:
    glob, characters = [], iter(pattern)
    for character in characters:
        if character == "%":
            glob.append("*")
        elif character == "_":
            glob.append("?")
        else:
            literal = next(characters, "\\") if character == "\\" else character
            glob.append(f"[{literal}]" if literal in "*?[" else literal)
    return "".join(glob)
