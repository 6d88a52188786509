"""Reading of columns, fast or lenient.

A driver discards a whole result because of one value that it, or the column's type, can't convert.
So reads are tried fast first. If that fails, each column is read *leniently*: in a form that every
driver accepts, with `Unreadable` for values that are invalid for its type. Rows that a write
returns are stored by then and can't be read again; so all columns that the write itself has not set
are read leniently at once.
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
    """Write a column as it is read.

    Args:
        column: The column.
        dialect: The database's dialect.
        lenient: Whether any stored value must be readable.

    Returns:
        The column, or an expression from which its value is decoded.
    """
    own = dialect.type_of(column)
    wire = wire_type(own, dialect)
    return dialect.read_leniently(column, own, wire) if lenient else read_as(column, wire)


def read_as(column: ColumnElement[Any], wire: TypeEngine[Any]) -> ColumnElement[Any]:
    """Return a column that is read as some type."""
    return column if wire is column.type else type_coerce(column, wire)


def returned_columns(
    columns: Sequence[Column[Any]], given: Collection[Column[Any]], dialect: SQLDialect
) -> list[ColumnElement[Any]]:
    """Write the columns that a write returns.

    Args:
        columns: The columns to return.
        given: The columns that the write itself has set.
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
