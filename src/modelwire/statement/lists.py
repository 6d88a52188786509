"""Lists bound as one parameter, so that their length is no part of the SQL text.

On PostgreSQL a list is an array, and rows are one array for each column; on SQLite both are one
JSON text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    any_,
    bindparam,
    cast,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import LargeBinary, TypeEngine

from ..catalog.kinds import storage_type, type_on
from .normal import normal_form
from .spelled import SpelledList, speller_of
from .types import PostgreSQLList, SQLiteList, SQLiteRows, operand_type

Expand = Callable[[Sequence[Sequence[Any]]], dict[str, Any]]

ROWS = "rows"
"""Name of the parameter that holds rows of values."""


def in_list(column: ColumnElement[Any], name: str, dialect: str) -> ColumnElement[bool]:
    """Write that a column occurs in a list.

    Args:
        column: The column.
        name: Name of the parameter that holds the list.
        dialect: `sqlite` or `postgresql`.

    Returns:
        The expression.
    """
    sql_type = type_on(column, dialect)
    operand, spell = operand_type(sql_type, dialect), speller_of(sql_type, dialect)
    if dialect == "postgresql":
        array = ARRAY(operand, dimensions=1) if spell is None else SpelledList(operand, spell)
        found: ColumnElement[bool] = column == any_(bindparam(name, type_=array))
        return found
    given = bindparam(name, type_=SQLiteList(operand, spell))
    items = func.json_each(given).table_valued("value")
    return _in_json(column).in_(select(items.c.value))


def _in_json(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column as its values are compared with those of a JSON text.

    JSON has no bytes; they are compared by their hexadecimal digits.
    """
    return func.hex(column) if _is_bytes(column) else normal_form(column, "sqlite")


def in_rows(columns: Sequence[ColumnElement[Any]], dialect: str) -> ColumnElement[bool]:
    """Write that the values of some columns occur together in the parameter `ROWS`.

    Args:
        columns: The columns.
        dialect: `sqlite` or `postgresql`.

    Returns:
        The expression.
    """
    if len(columns) == 1:
        return in_list(columns[0], ROWS, dialect)
    types = [operand_type(type_on(column, dialect), dialect) for column in columns]
    values, items, _ = given_values(types, dialect)
    compared = map(_in_json, columns) if dialect == "sqlite" else columns
    return tuple_(*compared).in_(select(*items).select_from(values))


def given_values(
    types: Sequence[TypeEngine[Any]], dialect: str
) -> tuple[FromClause, list[ColumnElement[Any]], ColumnElement[Any]]:
    """Write the parameter `ROWS` as a relation.

    Args:
        types: The types of its columns.
        dialect: `sqlite` or `postgresql`.

    Returns:
        The relation, its columns, and what orders its rows as they were given.
    """
    if dialect == "postgresql":
        arrays = [_array(f"{ROWS}{i}", t) for i, t in enumerate(types)]
        names = [f"c{i}" for i in range(len(types))]
        values = func.unnest(*arrays).table_valued(*names, with_ordinality="position")
        given = values.render_derived(name=ROWS)
        return given, [given.c[name] for name in names], given.c.position
    rows = bindparam(ROWS, type_=SQLiteRows(*types))
    given = func.json_each(rows).table_valued("key", "value", name=ROWS)
    items: list[ColumnElement[Any]] = [
        func.json_extract(given.c.value, f"$[{i}]") for i in range(len(types))
    ]
    return given, items, given.c.key


def _array(name: str, item: TypeEngine[Any]) -> ColumnElement[Any]:
    """Write a parameter that holds an array: as a text where that costs less."""
    array = ARRAY(item, dimensions=1)
    if not PostgreSQLList.can_hold(item):
        return bindparam(name, type_=array)
    return cast(bindparam(name, type_=PostgreSQLList(item)), array)


def expand_rows(width: int, dialect: str, *, of_one: bool = False) -> Expand:
    """Say how rows become the parameters of a statement.

    Args:
        width: The number of their columns.
        dialect: `sqlite` or `postgresql`.
        of_one: Whether rows of one column stay rows; they are a plain list otherwise.

    Returns:
        A function from rows to the parameters' values.
    """
    if width == 1 and not of_one:
        return lambda rows: {ROWS: [row[0] for row in rows]}
    if dialect == "sqlite":
        return lambda rows: {ROWS: rows}
    names = [f"{ROWS}{i}" for i in range(width)]
    return lambda rows: dict(zip(names, _columns_of(rows, width), strict=True))


def _columns_of(rows: Sequence[Sequence[Any]], width: int) -> Iterable[Sequence[Any]]:
    return map(list, zip(*rows, strict=True)) if rows else [[] for _ in range(width)]


def _is_bytes(column: ColumnElement[Any]) -> bool:
    return isinstance(storage_type(type_on(column, "sqlite")), LargeBinary)
