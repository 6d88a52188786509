"""Indexes on SQLite on the values of columns, independent of their spelling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Column, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.engine import Dialect

from ..catalog.kinds import type_on
from .normalised import has_spellings, normalize


class ValueIndex(NamedTuple):
    """Index on columns by which their values are compared.

    Args:
        name: Its name.
        columns: The names of the columns.
        text: The SQL that creates it.
    """

    name: str
    columns: frozenset[str]
    text: str


def value_indexes(table: Table, dialect: Dialect) -> Sequence[ValueIndex]:
    """Return additional indexes of a table, for columns whose values have several spellings.

    Args:
        table: The table.
        dialect: SQLAlchemy's dialect of SQLite.
    """
    found = {columns: _write(table, columns, dialect) for columns in _indexed(table, dialect)}
    return list(found.values())


def _indexed(table: Table, dialect: Dialect) -> Iterator[tuple[Column[object], ...]]:
    """Yield the columns of each index and key of a table that have several spellings."""
    keys = (PrimaryKeyConstraint, UniqueConstraint)
    constraints = [tuple(c.columns) for c in table.constraints if isinstance(c, keys)]
    indexes = [tuple(index.columns) for index in table.indexes]
    for columns in (*indexes, *constraints):
        if any(has_spellings(type_on(column, dialect.name)) for column in columns):
            yield columns


def _write(table: Table, columns: Sequence[Column[object]], dialect: Dialect) -> ValueIndex:
    quote = dialect.identifier_preparer.quote
    name = "_".join([table.name, *(column.name for column in columns), "values"])
    compiler = dialect.statement_compiler(dialect, None)
    forms = (normalize(type_on(column, dialect.name), column) for column in columns)
    terms = ", ".join(compiler.process(form, include_table=False) for form in forms)
    schema = f"{quote(table.schema)}." if table.schema else ""
    text = f"CREATE INDEX IF NOT EXISTS {schema}{quote(name)} ON {quote(table.name)} ({terms})"
    return ValueIndex(name, frozenset(column.name for column in columns), text)
