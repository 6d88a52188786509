"""Rows that a request gives in place of those of a table: as the log of changes has them.

Whatever reads a table can read these instead, `SelectShape(…, given=True)`: conditions, policies
and what is read are the same. The rows are the parameter `IMAGES`, a JSON array of objects as
`old` and `new` of the table of changes are; `join_images` makes it. Behind each row that is read
stands its place in the array, from 0.

What a condition asks of other tables is asked of these as they are now.
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
"""Name of the column that holds their places."""

CELL, REAL = "modelwire_cell", "modelwire_real"
"""Functions on SQLite: a value of a row, and a real as it stands in one."""


def join_images(images: Iterable[str]) -> str:
    """Join rows, each a JSON text, as the parameter `IMAGES`."""
    return f"[{','.join(images)}]"


def completed(column: Column[Any], found: ColumnElement[Any]) -> ColumnElement[Any]:
    """What a row has in a column, which may be newer than the row.

    Where that can't be NULL, it is what a migration gives to rows that are there: the default of
    the database if that is a constant, and else that in Python. One that the database makes anew
    for each row, such as the moment, is not known: it stays NULL.

    Args:
        column: The column.
        found: What the row has; NULL where it has nothing.
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
"""Kinds of values in which no word stands for a moment."""


def _write_constant(constant: str, column: Column[Any]) -> ColumnElement[Any] | None:
    """Write a constant as both databases have it in a column of this type."""
    stored = storage_type(column.type)
    if isinstance(stored, Boolean):
        return literal_column("true" if constant.lower() in TRUE else "false")
    if isinstance(stored, Integer | Numeric | Float):
        return literal_column(constant) if is_number(constant) else None
    if stored_kind(stored) not in _PLAIN and tells_time(constant):
        return None
    return literal_column("'" + constant.replace("'", "''") + "'")


def cell(value: str) -> str:
    """Write in SQLite's SQL a value as it stands in a row.

    Args:
        value: The value, in SQL.
    """
    return (
        f"CASE typeof({value}) WHEN 'real' THEN {REAL}({value}) "
        f"WHEN 'blob' THEN json_object('blob', hex({value})) ELSE json_quote({value}) END"
    )


def write_real(value: float) -> str:
    """A real as JSON, which has no infinity, but takes what is beyond all numbers for one."""
    if value in (float("inf"), float("-inf")):
        return "9e999" if value > 0 else "-9e999"
    return repr(value)


def read_cell(image: str, name: str) -> Any:
    """A value of a row as SQLite stores it; None where the row has none of the name."""
    value = _parse(image).get(name)
    return bytes.fromhex(value["blob"]) if isinstance(value, dict) else value


@lru_cache(maxsize=64)
def _parse(image: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(image)
    return parsed
