"""Lists bound as one parameter, so that the SQL text does not depend on their length.

On PostgreSQL, a list is an array, and rows are one array for each column; on SQLite, both are one
JSON text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    select,
    tuple_,
)

from .dialect import SQLDialect
from .stored_texts import speller_of
from .types import operand_type

Expand = Callable[[Sequence[Sequence[Any]]], dict[str, Any]]

ROWS = "rows"
"""Name of the parameter that holds rows of values."""

GIVEN = "modelwire_given"
"""Name of the FROM item for the parameter `ROWS`, which no user's table has."""


def in_list(column: ColumnElement[Any], name: str, dialect: SQLDialect) -> ColumnElement[bool]:
    """Write that a column occurs in a list.

    Args:
        column: The column.
        name: Name of the parameter that holds the list.
        dialect: The database's dialect.

    Returns:
        The expression.
    """
    sql_type = dialect.type_of(column)
    item, spell = operand_type(sql_type, dialect), speller_of(sql_type, dialect)
    return dialect.in_list(column, name, item, spell)


def in_rows(columns: Sequence[ColumnElement[Any]], dialect: SQLDialect) -> ColumnElement[bool]:
    """Write that the values of some columns occur together in the parameter `ROWS`.

    Args:
        columns: The columns.
        dialect: The database's dialect.

    Returns:
        The expression.
    """
    if len(columns) == 1:
        return in_list(columns[0], ROWS, dialect)
    types = [operand_type(dialect.type_of(column), dialect) for column in columns]
    values, items, _ = dialect.given_values(types)
    compared = [dialect.compared(dialect.type_of(column), column) for column in columns]
    return tuple_(*compared).in_(select(*items).select_from(values))


def expand_rows(width: int, dialect: SQLDialect, *, of_one: bool = False) -> Expand:
    """Return the conversion of rows to the parameters of a statement.

    Args:
        width: The number of their columns.
        dialect: The database's dialect.
        of_one: Whether rows with one column remain rows; otherwise they become a plain list.

    Returns:
        A function from rows to the parameters' values.
    """
    if width == 1 and not of_one:
        return lambda rows: {ROWS: [row[0] for row in rows]}
    if not dialect.has_arrays:
        return lambda rows: {ROWS: rows}
    names = [f"{ROWS}{i}" for i in range(width)]
    return lambda rows: dict(zip(names, _columns_of(rows, width), strict=True))


def _columns_of(rows: Sequence[Sequence[Any]], width: int) -> Iterable[Sequence[Any]]:
    return map(list, zip(*rows, strict=True)) if rows else [[] for _ in range(width)]
