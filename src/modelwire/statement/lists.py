"""Lists bound as one parameter, so that their length is no part of the SQL text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, any_, bindparam, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import LargeBinary

from ..catalog.kinds import storage_type
from .types import SQLiteList, operand_type


def list_names(columns: Sequence[Column[Any]]) -> list[str]:
    """Names of the parameters that hold the lists of some columns' values: `keys0`, `keys1`, …"""
    return [f"keys{i}" for i in range(len(columns))]


def bind_lists(rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """Rows of values as the parameters that `list_names` names: one list for each column."""
    return {f"keys{i}": list(column) for i, column in enumerate(zip(*rows, strict=True))}


def in_list(
    columns: Sequence[Column[Any]], names: Sequence[str], dialect: str
) -> ColumnElement[bool]:
    """Write that a row's columns occur in a list.

    Args:
        columns: The columns; several compare as one composite value.
        names: Name of the parameter that holds the list of each column's values.
        dialect: `sqlite` or `postgresql`.

    Returns:
        The expression.
    """
    lists = list(zip(columns, names, strict=True))
    if dialect == "postgresql":
        return _in_arrays(lists)
    if len(lists) == 1 and isinstance(storage_type(columns[0].type), LargeBinary):
        # JSON has no bytes: the one type whose list can't be a single parameter.
        return columns[0].in_(bindparam(names[0], expanding=True))
    return _in_json(lists)


def _in_arrays(lists: Sequence[tuple[Column[Any], str]]) -> ColumnElement[bool]:
    arrays = [
        bindparam(name, type_=ARRAY(operand_type(column.type, "postgresql")))
        for column, name in lists
    ]
    if len(lists) == 1:
        equal: ColumnElement[bool] = lists[0][0] == any_(arrays[0])
        return equal
    values = func.unnest(*arrays).table_valued(*(name for _, name in lists))
    return tuple_(*(column for column, _ in lists)).in_(select(values))


def _in_json(lists: Sequence[tuple[Column[Any], str]]) -> ColumnElement[bool]:
    values = [
        func.json_each(
            bindparam(name, type_=SQLiteList(operand_type(column.type, "sqlite")))
        ).table_valued("key", "value", name=f"{name}_list")
        for column, name in lists
    ]
    if len(lists) == 1:
        return lists[0][0].in_(select(values[0].c.value))
    joined = values[0].join(values[1], values[0].c.key == values[1].c.key)
    for value in values[2:]:
        joined = joined.join(value, values[0].c.key == value.c.key)
    chosen = select(*(value.c.value for value in values)).select_from(joined)
    return tuple_(*(column for column, _ in lists)).in_(chosen)
