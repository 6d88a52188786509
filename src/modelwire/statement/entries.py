"""The log of changes of one row in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, bindparam, cast, select

from ..catalog.tables import Table
from ..shape.entries import EntriesShape, ThenShape
from .changes import CHANGES
from .dialect import SQLDialect
from .reading import read_column
from .source import every_row_of
from .types import operand_type

_LOG = CHANGES.c


def build_entries(shape: EntriesShape, dialect: SQLDialect) -> Select[Any]:
    """Write the entries before or after a number, `limit` at most."""
    bound = bindparam("number", type_=BigInteger())
    shown = (
        _LOG.number,
        read_column(_LOG.at, dialect),
        _LOG.operation,
        cast(_LOG.old, Text()),
        cast(_LOG.new, Text()),
        _LOG.by,
    )
    sql = select(*shown).select_from(every_row_of(CHANGES)).where(_is_of(shape.table, dialect))
    if shape.older:
        sql = sql.where(_LOG.number < bound).order_by(_LOG.number.desc())
    else:
        sql = sql.where(_LOG.number > bound).order_by(_LOG.number)
    return sql.limit(bindparam("limit", type_=BigInteger()))


def build_then(shape: ThenShape, dialect: SQLDialect) -> Select[Any]:
    """Write a row as it was."""
    at = bindparam("at", type_=operand_type(dialect.type_of(_LOG.at), dialect))
    image = cast(_LOG.new if shape.before else _LOG.old, Text())
    sql = select(image).select_from(every_row_of(CHANGES)).where(_is_of(shape.table, dialect))
    if shape.before:
        sql = sql.where(_LOG.at <= at).order_by(_LOG.number.desc())
    else:
        sql = sql.where(_LOG.at > at).order_by(_LOG.number)
    return sql.limit(1)


def _is_of(table: Table, dialect: SQLDialect) -> ColumnElement[bool]:
    """Write that an entry is about the row whose key is the parameters `p0`, `p1`, …"""
    columns = table.key_columns
    values: list[ColumnElement[Any]] = [
        bindparam(f"p{i}", type_=operand_type(dialect.type_of(column), dialect))
        for i, column in enumerate(columns)
    ]
    types = [dialect.type_of(column) for column in columns]
    is_row: ColumnElement[bool] = _LOG.key == dialect.write_key(values, types)
    return (_LOG.table == table.name) & is_row
