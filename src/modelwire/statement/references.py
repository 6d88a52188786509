"""Columns that refer to others, compared as the database compares them for a foreign key.

SQLite compares by the collation of the key that is referred to (manual, SQLite Foreign Key Support,
section 3), and in a condition by that of the column on the left. PostgreSQL has one for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause

from ..catalog.kinds import storage_type
from .dialect import SQLDialect
from .source import column_in


def refer(
    column: Column[Any], dialect: SQLDialect, compared: ColumnElement[Any]
) -> ColumnElement[Any]:
    """A column in a comparison with what it refers to.

    Args:
        column: The column; any, whether it refers to something or not.
        dialect: The database's dialect.
        compared: The column in what stands for its table.

    Returns:
        The column, with the collation of the key that it refers to where that is another one.
    """
    if not dialect.refers_by_parent:
        return compared
    own = _collation_of(column, dialect)
    keys = (_collation_of(key.column, dialect) for key in column.foreign_keys)
    collation = next((c for c in keys if c is not None and c != own), None)
    return compared if collation is None else compared.collate(collation)


def refer_all(
    columns: Sequence[Column[Any]], dialect: SQLDialect, source: FromClause
) -> list[ColumnElement[Any]]:
    """Some columns in what stands for their table, each in a comparison with what it refers to."""
    return [refer(column, dialect, column_in(source, column)) for column in columns]


def _collation_of(column: Column[Any], dialect: SQLDialect) -> str | None:
    stored = storage_type(dialect.type_of(column))
    collation: str | None = getattr(stored, "collation", None)
    return collation
