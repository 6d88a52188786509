"""Constraints, indexes and foreign keys of tables, with their columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    MetaData,
    PrimaryKeyConstraint,
    TextClause,
    UniqueConstraint,
)
from sqlalchemy import Table as SQLTable
from sqlalchemy.sql.visitors import iterate

from ..compat.sqlalchemy import creation_order
from ..errors import Constraint

_NAME_BYTES = 63
"""Bytes of the longest name in PostgreSQL (NAMEDATALEN - 1)."""

# Skips string literals, types after a cast, and functions and keywords before a parenthesis.
_TOKEN = re.compile(
    r"""'(?:[^']|'')*'
      | ::\s*\w+(?:\ varying|\ precision|\ with(?:out)?\ time\ zone)?
      | "((?:[^"]|"")+)"
      | (\w+)(?!\w|\s*\()""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class ConstraintInfo:
    """Constraint or index of a table.

    Args:
        kind: Its kind; None for an index that is not unique.
        name: Its name, if it has one.
        columns: Names of its columns.
        numbered: Whether PostgreSQL generated the name, and may have appended a number.
    """

    kind: Constraint | None
    name: str | None
    columns: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """Foreign key.

    Args:
        name: Its name, if it has one.
        table: The referencing table.
        columns: The referencing columns.
        parent: The referenced table.
        parent_columns: The referenced columns, in the same order.
        on_delete: Its action on delete, such as `CASCADE`; empty if it prevents the delete.
        on_update: The same for an update of the referenced columns.
    """

    name: str | None
    table: SQLTable
    columns: tuple[Column[Any], ...]
    parent: SQLTable
    parent_columns: tuple[Column[Any], ...]
    on_delete: str
    on_update: str


def read_constraints(sql: SQLTable) -> Iterator[ConstraintInfo]:
    """Read the constraints and unique indexes of a table, in the order of their creation.

    A check without a name gets the one that PostgreSQL generates (CREATE TABLE, "CHECK"), without
    the number that distinguishes equal names.
    """
    for constraint in sorted(sql.constraints, key=creation_order):
        name = _name_of(constraint)
        if isinstance(constraint, CheckConstraint):
            columns = _columns_of(constraint.sqltext, sql)
            named = name if name is not None else _default_name(sql.name, columns)
            yield ConstraintInfo(Constraint.CHECK, named, columns, numbered=name is None)
        elif isinstance(constraint, (PrimaryKeyConstraint, UniqueConstraint)):
            columns = tuple(column.name for column in constraint.columns)
            yield ConstraintInfo(Constraint.UNIQUE, name, columns)
    for index in sql.indexes:
        found = [name for e in index.expressions for name in _columns_of(e, sql)]
        kind = Constraint.UNIQUE if index.unique else None
        yield ConstraintInfo(kind, _name_of(index), tuple(dict.fromkeys(found)))


def read_references(tables: Iterable[SQLTable]) -> Iterator[Reference]:
    """Read the foreign keys of some tables."""
    for sql in tables:
        for constraint in sorted(sql.foreign_key_constraints, key=creation_order):
            yield Reference(
                name=_name_of(constraint),
                table=sql,
                columns=tuple(constraint.columns),
                parent=constraint.referred_table,
                parent_columns=tuple(element.column for element in constraint.elements),
                on_delete=(constraint.ondelete or "").upper(),
                on_update=(constraint.onupdate or "").upper(),
            )


def references_to(sql: SQLTable) -> list[Reference]:
    """Return the foreign keys of all tables that refer to a table."""
    tables = sql.metadata.tables.values()
    return [reference for reference in read_references(tables) if reference.parent is sql]


@lru_cache(maxsize=512)
def cascades_in_circles(sql: SQLTable) -> bool:
    """Whether ON DELETE CASCADE from a table may recurse without end, as its foreign keys form a
    cycle."""
    below: list[SQLTable] = [sql]
    found = {sql: _cascades_to(sql)}
    while below:
        for table in found[below.pop()]:
            if table not in found:
                found[table] = _cascades_to(table)
                below.append(table)
    left = dict(found)
    while ends := [t for t, tables in left.items() if left.keys().isdisjoint(tables)]:
        for table in ends:
            del left[table]
    return bool(left)


def _cascades_to(sql: SQLTable) -> Collection[SQLTable]:
    """Return the tables from which ON DELETE CASCADE removes rows along with those of a table."""
    return {r.table for r in references_to(sql) if r.on_delete == "CASCADE"}


def find_sql_table(metadata: MetaData, name: str, schema: str | None) -> SQLTable | None:
    """Find a table by the name that a database reports; the model may omit the schema."""
    qualified = metadata.tables.get(f"{schema}.{name}")
    return metadata.tables.get(name) if qualified is None else qualified


def columns_in(text: str, sql: SQLTable) -> tuple[str, ...]:
    """Return the names of the columns in an SQL expression, in order of occurrence."""
    names = {column.name for column in sql.columns}
    folded = {name.lower(): name for name in names}
    found = [name if name in names else folded.get(name.lower()) for name in names_in(text)]
    return tuple(dict.fromkeys(name for name in found if name is not None))


def names_in(text: str) -> list[str]:
    """Return the possible column names in an SQL expression: no string literals, types or
    functions."""
    return [
        plain or quoted.replace('""', '"')
        for quoted, plain in _TOKEN.findall(text)
        if quoted or plain
    ]


def _columns_of(expression: Any, sql: SQLTable) -> tuple[str, ...]:
    if isinstance(expression, str):
        return columns_in(expression, sql)
    found: list[str] = []
    for element in iterate(expression):
        if isinstance(element, Column):
            found.append(element.name)
        elif isinstance(element, TextClause):
            found += columns_in(element.text, sql)
    return tuple(dict.fromkeys(found))


def _name_of(constraint: Any) -> str | None:
    return str(constraint.name) if constraint.name is not None else None


def _default_name(table: str, columns: tuple[str, ...]) -> str:
    """Generate a constraint's name from table and single column, truncated, as PostgreSQL does."""
    parts = [table.encode(), *(name.encode() for name in columns if len(columns) == 1)]
    while sum(map(len, parts)) + len(parts) + len("check") > _NAME_BYTES:
        longest = max(range(len(parts)), key=lambda i: (len(parts[i]), i))
        parts[longest] = parts[longest][:-1]
    return "_".join([*(part.decode(errors="ignore") for part in parts), "check"])
