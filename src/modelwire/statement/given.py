"""Rows that are found by values that a request gives, in the parameter `ROWS`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, and_, func
from sqlalchemy.types import LargeBinary, TypeEngine

from ..catalog.kinds import storage_type, type_on
from .lists import given_values
from .normal import normal_form
from .operators import UNHEX
from .references import refer
from .source import column_in
from .spelled import equal
from .types import operand_type


def given_columns(
    columns: Sequence[Column[Any]], dialect: str
) -> tuple[FromClause, list[ColumnElement[Any]], ColumnElement[Any]]:
    """The parameter `ROWS`: values that are compared with some columns."""
    types = [operand_type(type_on(column, dialect), dialect) for column in columns]
    given, items, position = given_values(types, dialect)
    if dialect == "sqlite":
        items = [from_json(item, t) for item, t in zip(items, types, strict=True)]
    return given, items, position


def from_json(item: ColumnElement[Any], sql_type: TypeEngine[Any]) -> ColumnElement[Any]:
    """A value of a JSON text as its column stores it; JSON has bytes as their hex digits."""
    if isinstance(storage_type(sql_type), LargeBinary):
        unhexed: ColumnElement[Any] = getattr(func, UNHEX)(item)
        return unhexed
    return item


def is_same(
    column: Column[Any], value: ColumnElement[Any], dialect: str, source: FromClause
) -> ColumnElement[bool]:
    """Write that a column has a value, as the database compares it with what it refers to."""
    referring = refer(column, dialect, column_in(source, column))
    return equal(normal_form(referring, dialect), value, dialect)


def join_given(
    source: FromClause, holder: FromClause, columns: Sequence[Column[Any]], dialect: str
) -> tuple[ColumnElement[Any], FromClause]:
    """Join the parameter `ROWS` with the rows whose columns have these values.

    Args:
        source: The rows.
        holder: What of these stands for the table of the columns.
        columns: The columns.
        dialect: `sqlite` or `postgresql`.

    Returns:
        The place of a row in the parameter, from 0, and the joined rows.
    """
    given, items, position = given_columns(columns, dialect)
    pairs = zip(columns, items, strict=True)
    same = [is_same(column, item, dialect, holder) for column, item in pairs]
    place = position - 1 if dialect == "postgresql" else position
    return place, given.join(source, and_(*same))
