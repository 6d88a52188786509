"""Look-ups of rows by values of a request, in the parameter `ROWS`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, and_

from ..catalog.field import Field
from .dialect import SQLDialect
from .door import column_in
from .normalised import normal_form
from .references import refer
from .stored_texts import equal
from .types import operand_type, wire_type


def given_columns(
    columns: Sequence[Column[Any]], dialect: SQLDialect, written: Sequence[Field] = ()
) -> tuple[FromClause, list[ColumnElement[Any]], ColumnElement[Any]]:
    """Return the parameter `ROWS`: values to compare with columns, then new values of fields."""
    types = [operand_type(dialect.type_of(column), dialect) for column in columns]
    types += [wire_type(field.sql_type, dialect) for field in written]
    given, items, position = dialect.given_values(types)
    read = map(dialect.read_given, items, types)
    return given, list(read), position


def is_same(
    column: Column[Any], value: ColumnElement[Any], dialect: SQLDialect, source: FromClause
) -> ColumnElement[bool]:
    """Write that a column equals a value, by the collation of the column that it refers to."""
    referring = refer(column, dialect, column_in(source, column))
    return equal(normal_form(referring, dialect), value, dialect)


def join_given(
    source: FromClause, holder: FromClause, columns: Sequence[Column[Any]], dialect: SQLDialect
) -> tuple[ColumnElement[Any], FromClause]:
    """Join the parameter `ROWS` with the rows whose columns have these values.

    Args:
        source: The rows.
        holder: The table or alias among them that has the columns.
        columns: The columns.
        dialect: The database's dialect.

    Returns:
        The position of a match in the parameter, from 0, and the joined rows.
    """
    place, found, _ = join_written(source, holder, columns, (), dialect)
    return place, found


def join_written(
    source: FromClause,
    holder: FromClause,
    columns: Sequence[Column[Any]],
    written: Sequence[Field],
    dialect: SQLDialect,
) -> tuple[ColumnElement[Any], FromClause, Sequence[ColumnElement[Any]]]:
    """Join the parameter `ROWS` as `join_given` does, where it has new values of fields, too.

    Args:
        source: The rows.
        holder: The table or alias among them that has the columns.
        columns: The columns.
        written: The fields whose new values follow those of the columns.
        dialect: The database's dialect.

    Returns:
        The position of a match in the parameter, from 0, the joined rows, and the new values.
    """
    given, items, position = given_columns(columns, dialect, written)
    pairs = zip(columns, items, strict=False)
    same = [is_same(column, item, dialect, holder) for column, item in pairs]
    place = position - dialect.first_place if dialect.first_place else position
    return place, given.join(source, and_(*same)), items[len(columns) :]
