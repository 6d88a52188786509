"""Shapes of writing requests as SQL."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Select,
    Update,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.types import LargeBinary, TypeEngine

from ..catalog import Field
from ..catalog.kinds import storage_type
from ..plan.shapes import DeleteShape, FindShape, InsertShape, UpdateShape
from .lists import in_rows, rows_of
from .operators import UNHEX, operand
from .select import read_columns
from .types import wire_type


def build_insert(shape: InsertShape, dialect: str) -> Insert:
    """Write a new row in SQL, its parameters named by `value_name`.

    Many rows are the parameter `ROWS`; they are stored and answered in their order.
    """
    columns = [field.column for field in shape.fields]
    types = [wire_type(column.type, dialect) for column in columns]
    returning = read_columns(shape.table.selected, dialect)
    if not shape.many:
        values = {field.column: _value(field, dialect) for field in shape.fields}
        return insert(shape.table.sql).values(values).returning(*returning)
    given, items, position = rows_of(types, dialect)
    if dialect == "sqlite":
        items = [_from_json(item, t) for item, t in zip(items, types, strict=True)]
    chosen = select(*items).select_from(given).order_by(position)
    return insert(shape.table.sql).from_select(columns, chosen).returning(*returning)


def _from_json(item: ColumnElement[Any], sql_type: TypeEngine[Any]) -> ColumnElement[Any]:
    """A value of a JSON text as its column stores it; JSON has bytes as their hex digits."""
    if isinstance(storage_type(sql_type), LargeBinary):
        unhexed: ColumnElement[Any] = getattr(func, UNHEX)(item)
        return unhexed
    return item


def build_update(shape: UpdateShape, dialect: str) -> Update:
    """Write a change of one row in SQL; its key is `p0`, `p1`, …"""
    values = {field.column: _value(field, dialect) for field in shape.fields}
    key = [f.column == operand(f, f"p{i}", dialect) for i, f in enumerate(shape.table.key)]
    returning = read_columns(shape.table.selected, dialect)
    return update(shape.table.sql).where(*key).values(values).returning(*returning)


def build_delete(shape: DeleteShape, dialect: str) -> Delete:
    """Write the removal of the rows whose columns occur in the parameter `ROWS`."""
    sql: Delete = delete(shape.table).where(in_rows(shape.columns, dialect))
    return cast(Delete, sql.returning(*shape.columns))


def build_find(shape: FindShape, dialect: str) -> Select[Any]:
    """Write some columns of the rows whose columns occur in the parameter `ROWS`."""
    sql = select(*shape.shown).where(in_rows(shape.columns, dialect))
    return sql.with_for_update() if shape.lock else sql


def _value(field: Field, dialect: str) -> Any:
    return bindparam(value_name(field), type_=wire_type(field.column.type, dialect))


def value_name(field: Field) -> str:
    """Name of the parameter that holds a field's new value; SQLAlchemy reserves the column's."""
    return f"v_{field.key}"
