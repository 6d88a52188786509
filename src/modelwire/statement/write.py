"""Shapes of writing requests as SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    FromClause,
    Insert,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.types import LargeBinary, TypeEngine

from ..catalog import Field, Table, find_link_key
from ..catalog.kinds import storage_type
from ..plan.shapes import (
    Conflict,
    DeleteShape,
    FindShape,
    GivenShape,
    InsertShape,
    LinkShape,
    UpdateShape,
)
from .compiled import to_factory
from .lists import in_rows, rows_of
from .locks import lock_rows
from .operators import UNHEX, operand
from .select import read_columns
from .types import operand_type, wire_type


def build_insert(shape: InsertShape, dialect: str) -> Insert:
    """Write a new row in SQL, its parameters named by `value_name`.

    Many rows are the parameter `ROWS`; they are stored and answered in their order.
    """
    sql = INSERTS[dialect](shape.table.sql)
    returning = read_columns(shape.table.selected, dialect)
    if not shape.many:
        values = {field.column: _value(field, dialect) for field in shape.fields}
        sql = sql.values(values)
    else:
        given, items, position = _given_rows(shape.fields, (), dialect)
        # SQLite would take a conflict clause for the end of a join without a WHERE before it.
        chosen = select(*items).select_from(given).where(true()).order_by(position)
        sql = sql.from_select([field.column for field in shape.fields], chosen)
    if shape.conflict is not None:
        sql = _resolve(sql, shape.conflict, shape.table, dialect)
    return cast(Insert, sql.returning(*returning))


INSERTS: Mapping[str, Any] = {"postgresql": postgresql_insert, "sqlite": sqlite_insert}
"""SQLAlchemy's INSERT of each dialect, which may have a conflict clause."""


def _resolve(sql: Any, conflict: Conflict, table: Table, dialect: str) -> Any:
    """Write what becomes of a row whose unique key is there already."""
    key = [field.column for field in conflict.key]
    if conflict.merged is None:
        return sql.on_conflict_do_nothing(index_elements=key)
    changes = {field.column: sql.excluded[field.column.key] for field in conflict.merged}
    if changes:
        changes |= {**_updated(table, conflict.merged, dialect), **_count_up(table)}
    else:
        # A row that nothing is written to is answered too, so it is written as it stands.
        changes = {key[0]: table.sql.c[key[0].key]}
    return sql.on_conflict_do_update(index_elements=key, set_=changes)


def _updated(
    table: Table, merged: Sequence[Field], dialect: str
) -> dict[Column[Any], ColumnElement[Any]]:
    """What a merge writes to columns with an `onupdate`, which SQLAlchemy leaves out here."""
    written = {field.column for field in merged}
    found: dict[Column[Any], ColumnElement[Any]] = {}
    for column in table.sql.columns:
        if column.onupdate is not None and column not in written:
            made = bindparam(_made_name(column), type_=wire_type(column.type, dialect))
            default: Any = column.onupdate
            found[column] = default.arg if default.is_clause_element else made
    return found


def made_by(shape: InsertShape) -> dict[str, Callable[[], Any]]:
    """What makes the parameters that a statement has for each `onupdate` in Python."""
    if shape.conflict is None or not shape.conflict.merged:
        return {}
    written = {field.column for field in shape.conflict.merged}
    return {
        _made_name(column): to_factory(column.onupdate)
        for column in shape.table.sql.columns
        if column.onupdate is not None
        and not column.onupdate.is_clause_element
        and column not in written
    }


def _made_name(column: Column[Any]) -> str:
    return f"u_{column.key}"


def _count_up(table: Table) -> dict[Column[Any], ColumnElement[Any]]:
    """What a change writes to the version of a row, where there is one."""
    if table.version is None:
        return {}
    column = table.version.column
    return {column: func.coalesce(column, 0) + 1}


def _given_rows(
    fields: Sequence[Field], key: Sequence[Field], dialect: str
) -> tuple[FromClause, list[ColumnElement[Any]], ColumnElement[Any]]:
    """The parameter `ROWS`: new values of some fields, then keys by which rows are found."""
    written = [wire_type(field.column.type, dialect) for field in fields]
    sought = [operand_type(field.column.type, dialect) for field in key]
    types = [*written, *sought]
    given, items, position = rows_of(types, dialect)
    if dialect == "sqlite":
        items = [_from_json(item, t) for item, t in zip(items, types, strict=True)]
    return given, items, position


def _from_json(item: ColumnElement[Any], sql_type: TypeEngine[Any]) -> ColumnElement[Any]:
    """A value of a JSON text as its column stores it; JSON has bytes as their hex digits."""
    if isinstance(storage_type(sql_type), LargeBinary):
        unhexed: ColumnElement[Any] = getattr(func, UNHEX)(item)
        return unhexed
    return item


def build_given(shape: GivenShape, dialect: str) -> Select[Any]:
    """Write the rows whose values occur in the parameter `ROWS`, each behind its place there."""
    given, items, position = _given_rows(shape.fields, (), dialect)
    same = [f.column == item for f, item in zip(shape.fields, items, strict=True)]
    place = position - 1 if dialect == "postgresql" else position
    found = given.join(shape.table.sql, and_(*same))
    sql = select(place, *read_columns(shape.table.selected, dialect)).select_from(found)
    return sql.order_by(position)


def build_update(shape: UpdateShape, dialect: str) -> Update:
    """Write a change of rows in SQL.

    The key of one row is `p0`, `p1`, …, and its new values are named by `value_name`. Many rows are
    the parameter `ROWS`: of each the new values, then the key.
    """
    fields, key = shape.fields, shape.table.key
    if shape.many:
        _, items, _ = _given_rows(fields, key, dialect)
        new, sought = items[: len(fields)], items[len(fields) :]
    else:
        new = [_value(field, dialect) for field in fields]
        sought = [operand(f, f"p{i}", dialect) for i, f in enumerate(key)]
    values = {f.column: value for f, value in zip(fields, new, strict=True)}
    where = [f.column == value for f, value in zip(key, sought, strict=True)]
    sql = update(shape.table.sql).where(*where).values({**values, **_count_up(shape.table)})
    return sql.returning(*read_columns(shape.table.selected, dialect))


def build_link(shape: LinkShape, dialect: str) -> Insert:
    """Write the links in the parameter `ROWS` that are not there yet."""
    types = [operand_type(column.type, dialect) for column in shape.columns]
    given, items, position = rows_of(types, dialect)
    there = [c == item for c, item in zip(shape.columns, items, strict=True)]
    known = select(literal_column("1")).where(*there).correlate(given).exists()
    chosen = select(*items).select_from(given).where(~known).order_by(position)
    sql = INSERTS[dialect](shape.table).from_select(list(shape.columns), chosen)
    key = find_link_key(shape.table, shape.columns)
    if key:
        # Only the same link: others that a constraint refuses are errors.
        sql = sql.on_conflict_do_nothing(index_elements=key)
    return cast(Insert, sql.returning(*shape.columns))


def build_delete(shape: DeleteShape, dialect: str) -> Delete:
    """Write the removal of the rows whose columns occur in the parameter `ROWS`."""
    sql: Delete = delete(shape.table).where(in_rows(shape.columns, dialect))
    return cast(Delete, sql.returning(*shape.columns))


def build_find(shape: FindShape, dialect: str) -> Select[Any]:
    """Write some columns of the rows whose columns occur in the parameter `ROWS`."""
    sql = select(*shape.shown).where(in_rows(shape.columns, dialect))
    if shape.lock is None:
        return sql
    # In one order, so that two requests don't wait for each other's rows.
    return lock_rows(sql.order_by(*shape.shown), shape.lock, shape.table)


def _value(field: Field, dialect: str) -> Any:
    return bindparam(value_name(field), type_=wire_type(field.column.type, dialect))


def value_name(field: Field) -> str:
    """Name of the parameter that holds a field's new value; SQLAlchemy reserves the column's."""
    return f"v_{field.key}"
