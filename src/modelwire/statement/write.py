"""SQL for shapes of writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    FromClause,
    Insert,
    Integer,
    Select,
    Update,
    bindparam,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.base import Executable

from ..catalog.field import Field
from ..catalog.relations import find_link_key
from ..catalog.tables import Table
from ..shape.lookups import LEVELS, DescendShape, LookupShape
from ..shape.reads import ExistingShape
from ..shape.writes import (
    CheckShape,
    Conflict,
    DeleteShape,
    InsertShape,
    LinkShape,
    UnlinkShape,
    UpdateShape,
)
from .column_defaults import (
    default_name,
    defaults_left_by,
    update_name,
    updates_left_by,
    value_name,
)
from .dialect import SQLDialect
from .door import (
    columns_in,
    delete_any_from,
    delete_from,
    every_row_of,
    exists_in,
    insert_any_into,
    insert_into,
    links_to_seen,
    merge_into,
    render_condition,
    rows_of,
    stored_rows_of,
    tell_allowed,
    update_in,
)
from .for_update import for_update
from .given import given_columns, is_same, join_given, join_written
from .lists import in_rows
from .operators import operand
from .reading import read_column, returned_columns
from .references import refer_all
from .select import read_columns
from .types import operand_type, wire_type


def build_insert(shape: InsertShape, dialect: SQLDialect) -> Insert:
    """Insert a new row, with parameters named by `value_name`.

    Many rows are in the parameter `ROWS`; they are stored and returned in order.
    """
    sql = insert_into(shape.table, dialect)
    conflict = shape.conflict
    written = shape.fields if conflict is None else conflict.merged or ()
    returning = _return_row(shape.table, written, dialect)
    if not shape.many:
        values = {field.column: _value(field, dialect) for field in shape.fields}
        made = _parameters_of(defaults_left_by(shape.table, shape.fields), default_name, dialect)
        new = {**values, **made}
        if shape.checks:
            row = select(*(value.label(column.key) for column, value in new.items())).subquery()
            allowed = render_condition(shape.table.policy.create, row, dialect)
            sql = sql.from_select([*new], select(row).where(allowed))
        else:
            sql = sql.values(new)
    else:
        given, items, position = _given_rows(shape.fields, (), dialect)
        # Without a WHERE before it, SQLite would parse a conflict clause as part of the join.
        chosen = select(*items).select_from(given).where(true()).order_by(position)
        sql = sql.from_select([field.column for field in shape.fields], chosen)
    if conflict is not None:
        sql = _resolve(sql, conflict, shape.table, dialect)
    return cast(Insert, sql.returning(*returning))


def _return_row(
    table: Table, given: Sequence[Field], dialect: SQLDialect
) -> list[ColumnElement[Any]]:
    """Write the columns of a row that a write returns: all that are ever read; NULL for computed
    ones."""
    columns = [field.column for field in table.selected if field.computed is None]
    returned = iter(returned_columns(columns, {field.column for field in given}, dialect))
    # RETURNING can't compute from other rows: computed fields are read after the write.
    return [
        next(returned) if field.computed is None else null().label(field.column.key)
        for field in table.selected
    ]


def _resolve(sql: Any, conflict: Conflict, table: Table, dialect: SQLDialect) -> Any:
    """Add the conflict clause for a row whose unique key exists already."""
    key = [field.column for field in conflict.key]
    if conflict.merged is None:
        return sql.on_conflict_do_nothing(index_elements=key)
    changes = {field.column: sql.excluded[field.column.key] for field in conflict.merged}
    if changes:
        changes |= {**_updated(table, conflict.merged, dialect), **_count_up(table)}
    else:
        # A row that is left as it is must be returned, too, so a column is set to its own value.
        changes = {key[0]: key[0]}
    return merge_into(sql, table, key, changes)


def _updated(
    table: Table, merged: Sequence[Field], dialect: SQLDialect
) -> dict[Column[Any], ColumnElement[Any]]:
    """Return the values of `onupdate` columns for a merge; SQLAlchemy does not add them here."""
    written = {field.column for field in merged}
    found: dict[Column[Any], ColumnElement[Any]] = {}
    for column in table.columns:
        default: Any = column.onupdate
        if default is not None and default.is_clause_element and column not in written:
            found[column] = default.arg
    return {**found, **_parameters_of(updates_left_by(table, merged), update_name, dialect)}


def _parameters_of(
    columns: Iterable[Column[Any]], name_of: Callable[[Column[Any]], str], dialect: SQLDialect
) -> dict[Column[Any], ColumnElement[Any]]:
    return {
        column: bindparam(name_of(column), type_=wire_type(dialect.type_of(column), dialect))
        for column in columns
    }


def _count_up(table: Table) -> dict[Column[Any], ColumnElement[Any]]:
    """Return the new value of a row's version, if it has one."""
    if table.version is None:
        return {}
    column = table.version.column
    return {column: func.coalesce(column, 0) + 1}


def _given_rows(
    fields: Sequence[Field], key: Sequence[Field], dialect: SQLDialect
) -> tuple[FromClause, list[ColumnElement[Any]], ColumnElement[Any]]:
    """Return the parameter `ROWS`: new values of some fields, then the keys of the rows."""
    written = [wire_type(field.sql_type, dialect) for field in fields]
    sought = [operand_type(field.sql_type, dialect) for field in key]
    types = [*written, *sought]
    given, items, position = dialect.given_values(types)
    return given, list(map(dialect.read_given, items, types)), position


def build_given(shape: ExistingShape, dialect: SQLDialect, *, lenient: bool = False) -> Select[Any]:
    """Select the rows whose values occur in the parameter `ROWS`, each after its position there."""
    columns = [field.column for field in shape.fields]
    table = shape.table
    rows = stored_rows_of(table, dialect) if shape.hidden else rows_of(table, dialect)
    place, found = join_given(rows, rows, columns, dialect)
    shown = read_columns(shape.read.fields, rows, dialect, lenient=lenient)
    allowed = [tell_allowed(table, action, rows, dialect) for action in shape.allows]
    sql = select(place, *shown, *allowed).select_from(found)
    if shape.lock is None:
        return sql
    return for_update(sql.order_by(*columns_in(rows, shape.table.key_columns)), shape.lock, rows)


def build_check(shape: CheckShape, dialect: SQLDialect) -> Select[Any]:
    """Select those of the rows with keys in the parameter `ROWS` for which an action is not
    allowed, as they are stored or with the values that a write would set."""
    table = shape.table
    row: FromClause = every_row_of(table)
    place, found, items = join_written(row, row, shape.columns, shape.assigned, dialect)
    if shape.assigned:
        pairs = zip(shape.assigned, items, strict=True)
        new = {field.column.key: item.label(field.column.key) for field, item in pairs}
        kept = columns_in(row, [column for column in table.columns if column.key not in new])
        columns = (place.label(_PLACE), *kept, *new.values())
        found = row = select(*columns).select_from(found).subquery()
        place = row.c[_PLACE]
    allowed = [tell_allowed(table, action, row, dialect) for action in shape.actions]
    refused = or_(*(told == 0 for told in allowed))
    return select(place, *allowed).select_from(found).where(refused)


_PLACE = "modelwire_place"
"""The name of the position of a row that is checked as a write would leave it."""


def build_update(shape: UpdateShape, dialect: SQLDialect) -> Update:
    """Update rows.

    The key of one row is in `p0`, `p1`, …, and its new values are named by `value_name`. Many rows
    are in the parameter `ROWS`: for each, the new values, then the key.
    """
    fields, key = shape.fields, shape.table.key
    if shape.many:
        _, items, _ = _given_rows(fields, key, dialect)
        new, sought = items[: len(fields)], items[len(fields) :]
    else:
        new = [_value(field, dialect) for field in fields]
        sought = [operand(f, f"p{i}", dialect) for i, f in enumerate(key)]
    values = {f.column: value for f, value in zip(fields, new, strict=True)}
    sql = update_in(shape.table, dialect)
    pairs = zip(key, sought, strict=True)
    where = [is_same(f.column, value, dialect, sql.table) for f, value in pairs]
    made = _parameters_of(updates_left_by(shape.table, fields), update_name, dialect)
    counted = _count_up(shape.table)
    sql = sql.where(*where).values({**values, **made, **counted})
    return sql.returning(*_return_row(shape.table, fields, dialect))


def build_change(
    shape: CheckShape | LinkShape | UnlinkShape | DeleteShape, dialect: SQLDialect
) -> Executable:
    """Write a change of a table that may not be a resource, or a permission check."""
    match shape:
        case CheckShape():
            return build_check(shape, dialect)
        case LinkShape():
            return build_link(shape, dialect)
        case UnlinkShape():
            return build_unlink(shape, dialect)
        case DeleteShape():
            return build_delete(shape, dialect)


def build_link(shape: LinkShape, dialect: SQLDialect) -> Insert:
    """Insert the links in the parameter `ROWS` that do not exist yet."""
    columns = (*shape.columns, *(field.column for field in shape.assigned))
    given, items, position = given_columns(shape.columns, dialect, shape.assigned)
    links = every_row_of(shape.table)
    pairs = zip(shape.columns, items[: len(shape.columns)], strict=True)
    there = exists_in(links, *(is_same(c, item, dialect, links) for c, item in pairs))
    chosen = select(*items).select_from(given).where(~there).order_by(position)
    sql = insert_any_into(shape.table, dialect).from_select(list(columns), chosen)
    key = find_link_key(shape.table, shape.columns)
    if key:
        # Only for the same link: other constraint violations are errors.
        sql = sql.on_conflict_do_nothing(index_elements=key)
    return cast(Insert, sql.returning(*returned_columns(shape.columns, shape.columns, dialect)))


def build_unlink(shape: UnlinkShape, dialect: SQLDialect) -> Delete:
    """Delete the links of the rows in the parameter `ROWS`, except for the links that are listed
    there."""
    given, items, _ = given_columns(shape.columns, dialect)
    sql = delete_any_from(shape.table)
    pairs = zip(shape.columns, items, strict=True)
    same = [is_same(c, item, dialect, sql.table) for c, item in pairs]
    sql = sql.where(exists_in(given, *same[: shape.own]), ~exists_in(given, *same))
    if shape.seen is not None:
        sql = sql.where(*links_to_seen(sql.table, *shape.seen, dialect))
    return cast(Delete, sql.returning(*returned_columns(shape.columns, (), dialect)))


def build_delete(shape: DeleteShape, dialect: SQLDialect) -> Delete:
    """Delete the rows whose values of some columns occur in the parameter `ROWS`."""
    gone = shape.resource
    sql = delete_any_from(shape.table) if gone is None else delete_from(gone, dialect)
    sql = sql.where(in_rows(refer_all(shape.columns, dialect, sql.table), dialect))
    if shape.seen is not None:
        sql = sql.where(*links_to_seen(sql.table, *shape.seen, dialect))
    return cast(Delete, sql.returning(*returned_columns(shape.columns, (), dialect)))


def build_find(shape: LookupShape, dialect: SQLDialect, *, lenient: bool = False) -> Select[Any]:
    """Select some columns of the rows whose values occur in the parameter `ROWS`."""
    seen = shape.resource
    rows = every_row_of(shape.table) if seen is None else rows_of(seen, dialect)
    columns = columns_in(rows, shape.shown)
    shown = [read_column(column, dialect, lenient=lenient) for column in columns]
    if shape.placed:
        place, found = join_given(rows, rows, shape.columns, dialect)
        sql = select(place, *shown).select_from(found)
    else:
        given = in_rows(refer_all(shape.columns, dialect, rows), dialect)
        sql = select(*shown).select_from(rows).where(given)
    if shape.lock is None:
        return sql
    # In a fixed order, to avoid deadlocks between requests.
    return for_update(sql.order_by(*columns), shape.lock, rows)


def build_descend(
    shape: DescendShape, dialect: SQLDialect, *, lenient: bool = False
) -> Select[Any]:
    """Select the keys of the descendants of the rows whose values are in the parameter `ROWS`.

    A row is found once, even if there are cycles; the limit of levels ends the recursion.
    """
    rows = every_row_of(shape.table)
    key = columns_in(rows, shape.table.primary_key.columns)
    parent = columns_in(rows, shape.parent_columns)
    own = [column.label(f"k{i}") for i, column in enumerate(key)]
    referred = [column.label(f"r{i}") for i, column in enumerate(parent)]
    level = literal_column("1", Integer).label("level")
    columns = refer_all(shape.columns, dialect, rows)
    first = select(*own, *referred, level).select_from(rows).where(in_rows(columns, dialect))
    tree = first.cte("modelwire_tree", recursive=True)
    below = [tree.c[f"r{i}"] == column for i, column in enumerate(columns)]
    deeper = select(*own, *referred, tree.c.level + 1).where(*below, tree.c.level < LEVELS)
    tree = tree.union(deeper)
    found = select(*(tree.c[f"k{i}"] for i in range(len(key))))
    shown = [read_column(column, dialect, lenient=lenient) for column in key]
    sql = select(*shown).select_from(rows)
    sql = sql.where(tuple_(*key).in_(found) if len(key) > 1 else key[0].in_(found))
    return for_update(sql.order_by(*key), shape.lock, rows)


def _value(field: Field, dialect: SQLDialect) -> Any:
    return bindparam(value_name(field), type_=wire_type(field.sql_type, dialect))
