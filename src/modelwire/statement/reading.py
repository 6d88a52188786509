"""How the columns of a row are read: fast, or so that no value whatever stands in the way.

A driver gives up a whole answer for one value that it, or the column's type, can't make sense of.
So what is only read is read fast first. Where that fails each column is read *leniently*: in a form
that every driver takes, with `Unreadable` for what is no value of its type. What a write gives back
is stored by then; so of that, all that the write itself has not set is read leniently at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, type_coerce
from sqlalchemy.types import TypeEngine

from ..catalog.kinds import is_decorated
from .dialect import SQLDialect
from .types import wire_type


def read_column(
    column: ColumnElement[Any], dialect: SQLDialect, *, lenient: bool = False
) -> ColumnElement[Any]:
    """Write how a column is read.

    Args:
        column: The column.
        dialect: The database's dialect.
        lenient: Whether no value may stand in the way.

    Returns:
        The column, or an expression of what tells its value.
    """
    own = dialect.type_of(column)
    wire = wire_type(own, dialect)
    return dialect.read_leniently(column, own, wire) if lenient else read_as(column, wire)


def read_as(column: ColumnElement[Any], wire: TypeEngine[Any]) -> ColumnElement[Any]:
    """Write a column that is read as some type."""
    return column if wire is column.type else type_coerce(column, wire)


def returned_columns(
    columns: Sequence[Column[Any]], given: Collection[Column[Any]], dialect: SQLDialect
) -> list[ColumnElement[Any]]:
    """Write what a write gives back of its rows.

    Args:
        columns: The columns that are given back.
        given: Those that the write itself has set.
        dialect: The database's dialect.
    """
    return [_label(_return_column(column, given, dialect), column) for column in columns]


def _return_column(
    column: Column[Any], given: Collection[Column[Any]], dialect: SQLDialect
) -> ColumnElement[Any]:
    if column not in given or is_decorated(dialect.type_of(column)):
        return read_column(column, dialect, lenient=True)
    return dialect.read_back(column, wire_type(dialect.type_of(column), dialect))


def _label(expression: ColumnElement[Any], column: ColumnElement[Any]) -> ColumnElement[Any]:
    return expression if expression is column else expression.label(column.key)
