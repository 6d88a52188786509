"""The operators of comparisons in SQL.

Logic is two-valued: a comparison with NULL is false, so `ne` and `not_in` also hold for NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    CHAR,
    JSON,
    BindParameter,
    ColumnElement,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
)
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.types import NullType, String, Text, TypeEngine

from ..catalog.field import Field
from ..catalog.kinds import storage_type
from .dialect import SQLDialect
from .lists import in_list
from .lowercase import Lowered
from .normalised import normal_form
from .stored_texts import different, equal
from .types import operand_type

UNHEX = "modelwire_unhex"
"""The function that decodes hex digits on SQLite, which has none of its own before 3.41."""

Compared = ColumnElement[Any]
Render = Callable[[Field, Compared, str, SQLDialect], ColumnElement[bool]]
Prepare = Callable[[Any], Any]


def render_predicate(
    field: Field, column: Compared, operator: str, name: str, dialect: SQLDialect
) -> tuple[ColumnElement[bool], Mapping[str, Prepare]]:
    """Write a comparison in SQL.

    Args:
        field: The field on the left.
        column: Its column, of the table or of an alias.
        operator: The operator's name.
        name: Name of the parameter on the right.
        dialect: The database's dialect.

    Returns:
        The expression, and the functions that prepare the parameters' values, if any.
    """
    if operator in _PATTERNS:
        return _render_pattern(column, operator, name, dialect)
    if operator == "isnull":
        return is_null(field, column) == bindparam(name), {}
    if operator == "between":
        low, high = (operand(field, f"{name}_{end}", dialect) for end in ("low", "high"))
        return normal_form(column, dialect).between(low, high), {}
    return _COMPARISONS[operator](field, column, name, dialect), {}


def is_null(field: Field, column: Compared) -> ColumnElement[bool]:
    """Write that a column has no value; JSON's null counts, too, as it is shown in the same way."""
    is_null: ColumnElement[bool] = column.is_(None)
    if not isinstance(storage_type(field.sql_type), JSON):
        return is_null
    return or_(is_null, cast(column, Text()) == literal_column("'null'"))


def is_null_for(field: Field, operator: str) -> bool:
    """Whether a comparison may be NULL in SQL, which counts as false."""
    return field.nullable and operator not in ("ne", "not_in", "isnull")


def operand(field: Field, name: str, dialect: SQLDialect) -> BindParameter[Any]:
    """Return a parameter that is compared with a field."""
    return bindparam(name, type_=operand_type(field.sql_type, dialect))


def _compare(method: str) -> Render:
    def render(
        field: Field, column: Compared, name: str, dialect: SQLDialect
    ) -> ColumnElement[bool]:
        compared = normal_form(column, dialect)
        comparison: ColumnElement[bool] = getattr(compared, method)(operand(field, name, dialect))
        return comparison

    return render


def _equal(field: Field, column: Compared, name: str, dialect: SQLDialect) -> ColumnElement[bool]:
    return equal(normal_form(column, dialect), operand(field, name, dialect), dialect)


def _in(_field: Field, column: Compared, name: str, dialect: SQLDialect) -> ColumnElement[bool]:
    return in_list(column, name, dialect)


def _not_in(field: Field, column: Compared, name: str, dialect: SQLDialect) -> ColumnElement[bool]:
    absent = ~in_list(column, name, dialect)
    return or_(column.is_(None), absent) if field.nullable else absent


def _not_equal(
    field: Field, column: Compared, name: str, dialect: SQLDialect
) -> ColumnElement[bool]:
    compared, value = normal_form(column, dialect), operand(field, name, dialect)
    return different(compared, value, dialect, nullable=field.nullable)


_COMPARISONS: Mapping[str, Render] = {
    "eq": _equal,
    "ne": _not_equal,
    "gt": _compare("__gt__"),
    "gte": _compare("__ge__"),
    "lt": _compare("__lt__"),
    "lte": _compare("__le__"),
    "in": _in,
    "not_in": _not_in,
}

# The text before and after the value, and whether % and _ in the value are wildcards.
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
    column: Compared, operator: str, name: str, dialect: SQLDialect
) -> tuple[ColumnElement[bool], Mapping[str, Prepare]]:
    before, after, wild = _PATTERNS[operator]
    folds = operator.startswith("i")

    def to_like(value: str) -> str:
        pattern = _close_escape(value) if wild else _escape_like(value)
        return f"{before}{pattern}{after}"

    pattern = bindparam(name, type_=Text())
    column = _write_out(column, storage_type(dialect.type_of(column)))
    if folds:
        return Lowered(column).like(Lowered(pattern), escape="\\"), {name: to_like}
    return dialect.like(column, pattern), {name: _compose(to_like, dialect.to_pattern)}


def _write_out(column: Compared, stored: TypeEngine[Any]) -> Compared:
    """Write a column as the text that it is shown as, for LIKE: without PostgreSQL's padding, and
    for a type of its own, such as an address, in that type's notation."""
    if isinstance(stored, INET):
        return func.abbrev(column)  # a cast would add the netmask to each address
    is_text = isinstance(stored, (String, NullType)) and not isinstance(stored, CHAR)
    return column if is_text else cast(column, Text())


def _compose(first: Prepare, then: Prepare | None) -> Prepare:
    return first if then is None else lambda value: then(first(value))


def _escape_like(value: str) -> str:
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _close_escape(pattern: str) -> str:
    """Escape a backslash at the end, which escapes nothing."""
    backslashes = len(pattern) - len(pattern.rstrip("\\"))
    return pattern + "\\" if backslashes % 2 else pattern
