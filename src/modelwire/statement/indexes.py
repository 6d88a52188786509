"""Indexes of SQLite that are of the values of columns, however these are spelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Column, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.engine import Dialect

from ..catalog.kinds import type_on
from .normal import has_spellings, normalize

MAX_NAME = 200


class ValueIndex(NamedTuple):
    """An index by which columns are compared as values.

    Args:
        name: Its name.
        columns: The names of the columns.
        text: The SQL that creates it.
    """

    name: str
    columns: frozenset[str]
    text: str


def value_indexes(table: Table, dialect: Dialect) -> Sequence[ValueIndex]:
    """The indexes that a table needs beside its own, whose columns have several spellings.

    Args:
        table: The table.
        dialect: SQLite's dialect.
    """
    found = {columns: _write(table, columns, dialect) for columns in _indexed(table, dialect)}
    return list(found.values())


def _indexed(table: Table, dialect: Dialect) -> Iterator[tuple[Column[object], ...]]:
    """The columns of each index of a table, and of each key, of which one has spellings."""
    keys = (PrimaryKeyConstraint, UniqueConstraint)
    constraints = [tuple(c.columns) for c in table.constraints if isinstance(c, keys)]
    indexes = [tuple(index.columns) for index in table.indexes if len(index.columns)]
    for columns in (*indexes, *constraints):
        if any(has_spellings(type_on(column, dialect.name)) for column in columns):
            yield columns


def _write(table: Table, columns: Sequence[Column[object]], dialect: Dialect) -> ValueIndex:
    quote = dialect.identifier_preparer.quote
    name = "_".join([table.name, *(column.name for column in columns), "values"])[:MAX_NAME]
    compiler = dialect.statement_compiler(dialect, None)
    forms = (normalize(type_on(column, dialect.name), column) for column in columns)
    terms = ", ".join(compiler.process(form, include_table=False) for form in forms)
    schema = f"{quote(table.schema)}." if table.schema else ""
    text = f"CREATE INDEX IF NOT EXISTS {schema}{quote(name)} ON {quote(table.name)} ({terms})"
    return ValueIndex(name, frozenset(column.name for column in columns), text)
