"""Foreign key columns, compared as the database compares them with the columns they refer to.

SQLite uses the collation of the referenced column for foreign keys (manual, SQLite Foreign Key
Support, section 3), but that of the column on the left in a condition. PostgreSQL uses the same for
both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause

from ..catalog.kinds import storage_type
from .dialect import SQLDialect
from .door import column_in


def refer(
    column: Column[Any], dialect: SQLDialect, compared: ColumnElement[Any]
) -> ColumnElement[Any]:
    """Return a column for comparison with the column that it refers to.

    Args:
        column: The column, which may or may not be a foreign key.
        dialect: The database's dialect.
        compared: The column within the source that it is read from.

    Returns:
        The column, with the collation of the referenced column if that differs.
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
    """Return columns of a source, each for comparison with the column that it refers to."""
    return [refer(column, dialect, column_in(source, column)) for column in columns]


def _collation_of(column: Column[Any], dialect: SQLDialect) -> str | None:
    stored = storage_type(dialect.type_of(column))
    collation: str | None = getattr(stored, "collation", None)
    return collation
