"""Queries of the change log of one row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, bindparam, cast, func, select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from ..catalog.tables import Table
from ..shape.entries import EntriesShape, ThenShape
from .changes import CHANGES
from .dialect import SQLDialect
from .door import columns_in, every_row_of, stored_rows_of
from .given import is_same
from .operators import operand
from .reading import read_column
from .types import operand_type

Columns = ReadOnlyColumnCollection[str, Any]
"""The columns of the change log, as a statement reads them."""


def build_entries(shape: EntriesShape, dialect: SQLDialect) -> Select[Any]:
    """Select the entries before or after a number, at most `limit`."""
    bound = bindparam("number", type_=BigInteger())
    log = every_row_of(CHANGES).c
    shown = (
        log.number,
        read_column(log.at, dialect),
        log.operation,
        cast(log.old, Text()),
        cast(log.new, Text()),
        log.by,
    )
    sql = select(*shown).where(_is_of(shape.table, log, dialect))
    if shape.older:
        sql = sql.where(log.number < bound).order_by(log.number.desc())
    else:
        sql = sql.where(log.number > bound).order_by(log.number)
    return sql.limit(bindparam("limit", type_=BigInteger()))


def build_then(shape: ThenShape, dialect: SQLDialect) -> Select[Any]:
    """Select an earlier state of a row."""
    log = every_row_of(CHANGES).c
    at = bindparam("at", type_=operand_type(dialect.type_of(CHANGES.c.at), dialect))
    image = cast(log.new if shape.before else log.old, Text())
    sql = select(image).where(_is_of(shape.table, log, dialect))
    if shape.before:
        sql = sql.where(log.at <= at).order_by(log.number.desc())
    else:
        sql = sql.where(log.at > at).order_by(log.number)
    return sql.limit(1)


def _is_of(table: Table, log: Columns, dialect: SQLDialect) -> ColumnElement[bool]:
    """Write that an entry is about the row whose key is in the parameters `p0`, `p1`, …

    The log has keys as they are stored, so the key is that of the stored row: only the database
    knows which texts are one key to a column, by its collation and all spellings. A row that is
    gone is found by the key as it is asked for.
    """
    types = [dialect.type_of(column) for column in table.key_columns]
    asked = [operand(field, f"p{i}", dialect) for i, field in enumerate(table.key)]
    rows = stored_rows_of(table, dialect)
    pairs = zip(table.key_columns, asked, strict=True)
    is_row = [is_same(column, value, dialect, rows) for column, value in pairs]
    stored = dialect.write_key(columns_in(rows, table.key_columns), types)
    found = select(stored).select_from(rows).where(*is_row).limit(1).scalar_subquery()
    is_table: ColumnElement[bool] = log.table == table.name
    is_its: ColumnElement[bool] = log.key == func.coalesce(found, dialect.write_key(asked, types))
    return is_table & is_its
