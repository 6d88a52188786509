"""The one door to rows: what statements read, join, look up and write to comes from here.

Which rows of a resource clients may see or change is decided by what `rows_of` and the targets of
writes give. Whoever needs every row, whatever clients may see of it, says so by name. What is given
is a table or stands for one: it may have an `alias`, its columns are those that `column_in` finds,
and never those of the table itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Delete, FromClause, Update, delete, update
from sqlalchemy import Table as SQLTable

from ..catalog.tables import Relation, Table
from .dialect import SQLDialect


def rows_of(table: Table) -> FromClause:
    """The rows of a resource, as far as a client may see them."""
    return table.sql


def links_of(relation: Relation) -> FromClause | None:
    """The rows of the table that links the two ends of a relation, where there is one."""
    return relation.link


def every_row_of(table: FromClause) -> FromClause:
    """Every row of a table, also of those that clients may not see.

    It is for what the service itself must know: what goes along with a row or stands in its way,
    what a constraint has refused, and the tables of its own.
    """
    return table


def column_in(source: FromClause, column: Column[Any]) -> ColumnElement[Any]:
    """A column of a table in what stands for the table."""
    return source.c[column.key]


def columns_in(source: FromClause, columns: Iterable[Column[Any]]) -> list[ColumnElement[Any]]:
    """Columns of a table in what stands for the table."""
    return [source.c[column.key] for column in columns]


def insert_into(table: Table, dialect: SQLDialect) -> Any:
    """Begin an INSERT of rows of a resource, which may have a conflict clause."""
    return insert_any_into(table.sql, dialect)


def merge_into(
    sql: Any, _table: Table, key: Sequence[Column[Any]], changes: Mapping[Column[Any], Any]
) -> Any:
    """Let an INSERT change rows of a resource that are there, as far as a client may change them.

    Args:
        sql: The INSERT.
        _table: The resource.
        key: The columns of the unique key by which a row is there already.
        changes: What is written to it.
    """
    return sql.on_conflict_do_update(index_elements=key, set_=changes)


def insert_any_into(table: SQLTable, dialect: SQLDialect) -> Any:
    """Begin an INSERT of rows of any table, which may have a conflict clause."""
    return dialect.insert(table)


def update_in(table: Table) -> Update:
    """Begin an UPDATE of rows of a resource, as far as a client may change them."""
    return update_any_in(table.sql)


def update_any_in(table: SQLTable) -> Update:
    """Begin an UPDATE of any rows of a table."""
    return update(table)


def delete_from(table: Table) -> Delete:
    """Begin a DELETE of rows of a resource, as far as a client may remove them."""
    return delete_any_from(table.sql)


def delete_any_from(table: SQLTable) -> Delete:
    """Begin a DELETE of any rows of a table."""
    return delete(table)
