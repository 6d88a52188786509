"""Rows that a request gives in place of those of a table, in the form of the change log.

Everything that reads a table can read these instead, by `SelectShape(…, given=True)`, with the same
conditions, policies and projections. The rows are in the parameter `IMAGES`, a JSON array of
objects like `old` and `new` in the table of changes; `join_images` makes it. Each row of the result
is followed by its position in the array, from 0.

Conditions on other tables are evaluated on their current rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    DefaultClause,
    Float,
    Integer,
    Numeric,
    func,
    literal,
    literal_column,
)

from ..catalog.defaults import TRUE, constant_of, find_constant, is_number, tells_time
from ..catalog.kinds import Kind, storage_type, stored_kind

IMAGES = "images"
"""Name of the parameter that holds the rows."""

PLACE = "modelwire_place"
"""Name of the column that holds their positions."""

CELL, REAL = "modelwire_cell", "modelwire_real"
"""Functions on SQLite: a value of a row, and a float as it is written in a row."""


def join_images(images: Iterable[str]) -> str:
    """Join rows, each a JSON text, into the parameter `IMAGES`."""
    return f"[{','.join(images)}]"


def completed(column: Column[Any], found: ColumnElement[Any]) -> ColumnElement[Any]:
    """Complete the value of a column that may be newer than the row.

    If the column is not nullable, a missing value is what a migration would have set in existing
    rows: the database's default if it is a constant, or else the one in Python. A default that the
    database computes for each row, such as the current time, is unknown: the value stays NULL.

    Args:
        column: The column.
        found: The row's value; NULL if it has none.
    """
    default = None if column.nullable else _default_of(column)
    return found if default is None else func.coalesce(found, default)


def _default_of(column: Column[Any]) -> ColumnElement[Any] | None:
    stored = column.server_default
    if isinstance(stored, DefaultClause):
        constant = find_constant(stored)
        return None if constant is None else _write_constant(constant, column)
    default = constant_of(column)
    return None if default is None else literal(default, column.type)


_PLAIN = frozenset({Kind.TEXT, Kind.ENUM, Kind.JSON, Kind.UUID, Kind.BYTES})
"""Kinds of columns in which no constant stands for the current time."""


def _write_constant(constant: str, column: Column[Any]) -> ColumnElement[Any] | None:
    """Write a constant in the syntax that both databases accept for a column of this type."""
    stored = storage_type(column.type)
    if isinstance(stored, Boolean):
        return literal_column("true" if constant.lower() in TRUE else "false")
    if isinstance(stored, Integer | Numeric | Float):
        return literal_column(constant) if is_number(constant) else None
    if stored_kind(stored) not in _PLAIN and tells_time(constant):
        return None
    return literal_column("'" + constant.replace("'", "''") + "'")


def cell(value: str) -> str:
    """Write an SQLite expression for a value as it is written in a row.

    Args:
        value: The value, in SQL.
    """
    return (
        f"CASE typeof({value}) WHEN 'real' THEN {REAL}({value}) "
        f"WHEN 'blob' THEN json_object('blob', hex({value})) ELSE json_quote({value}) END"
    )


def write_real(value: float) -> str:
    """Write a float as JSON, where infinity is a number beyond the range of floats."""
    if value in (float("inf"), float("-inf")):
        return "9e999" if value > 0 else "-9e999"
    return repr(value)


def read_cell(image: str, name: str) -> Any:
    """Return a value of a row as SQLite stores it; None if the row does not have it."""
    value = _parse(image).get(name)
    return bytes.fromhex(value["blob"]) if isinstance(value, dict) else value


@lru_cache(maxsize=64)
def _parse(image: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(image)
    return parsed
