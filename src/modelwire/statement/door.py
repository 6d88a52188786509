"""The one door to rows: every statement that reads, joins, looks up or writes rows gets them here.

`rows_of` and the targets of writes decide which rows of a resource clients may see or change. Code
that needs every row, whatever clients may see, uses functions that say so by name. What they return
is a table or stands for one: it may have an `alias`, and its columns are those that `column_in`
finds, never those of the table itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    FromClause,
    Integer,
    Numeric,
    Select,
    Update,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal_column,
    select,
    type_coerce,
    update,
)
from sqlalchemy import Table as SQLTable
from sqlalchemy.sql.selectable import Alias

from ..access.policy import Action
from ..access.principal import Parameter
from ..catalog.conditions import Condition, Replace
from ..catalog.field import Computed
from ..catalog.reading.computed import stands_for
from ..catalog.relation import Relation
from ..catalog.tables import Table
from .dialect import SQLDialect
from .lists import in_list
from .types import operand_type

Change = TypeVar("Change", Update, Delete)


def rows_of(table: Table, dialect: SQLDialect, *, given: bool = False) -> FromClause:
    """Return the rows of a resource that the client may see, with their computed fields.

    Args:
        table: The resource.
        dialect: The dialect.
        given: Whether they are read from the parameter `IMAGES` instead of the table.
    """
    rows = dialect.given_rows(table.sql).subquery() if given else table.sql
    return _narrow(_complete(table, rows, dialect), table.policy.read, dialect)


def _complete(table: Table, stored: FromClause, dialect: SQLDialect) -> FromClause:
    """Return stored rows of a resource with its computed fields as further columns."""
    if not table.computed:
        return stored
    rows = stored.alias()
    found = (
        type_coerce(_compute(computed, rows, dialect), field.column.type).label(field.column.key)
        for field in table.computed
        if (computed := field.computed) is not None
    )
    return select(rows, *found).subquery()


def _compute(computed: Computed, rows: FromClause, dialect: SQLDialect) -> ColumnElement[Any]:
    """Write an expression, in which other tables are restricted to rows that the client may see."""
    seen: dict[tuple[SQLTable, str], FromClause] = {}

    def read(alias: Alias) -> FromClause | None:
        table = stands_for(alias)
        policy = None if table is None else computed.policies.get(table)
        if table is None or policy is None or policy.read.constant:
            return None
        # By name: the table that a subquery reads, and that of its columns, may be different
        # copies.
        place = (table, str(alias.name))
        if place not in seen:
            seen[place] = _narrow(table, policy.read, dialect)
        return seen[place]

    found = _render(computed.condition, rows, dialect, read)
    return found if computed.scale is None else _round(found, computed, computed.scale, dialect)


def _round(
    found: ColumnElement[Any], computed: Computed, scale: int, dialect: SQLDialect
) -> ColumnElement[Any]:
    """Write a decimal rounded to its scale."""
    if computed.has_scale and dialect.has_decimals:
        return found
    digits = literal_column(str(scale), Integer())
    return func.round(cast(found, Numeric()) if dialect.has_decimals else found, digits)


def links_of(relation: Relation, dialect: SQLDialect) -> FromClause | None:
    """Return the rows of a relation's link table, if it has one."""
    link = relation.link
    if link is None:
        return None
    policy = relation.policies.get(link)
    return link if policy is None else _narrow(link, policy.read, dialect)


def _narrow(table: FromClause, condition: Condition, dialect: SQLDialect) -> FromClause:
    """Return the rows of a table that satisfy a condition, as a subquery that both databases
    flatten."""
    return table if condition.constant else _select_rows(table, condition, dialect).subquery()


def _select_rows(table: FromClause, condition: Condition, dialect: SQLDialect) -> Select[Any]:
    rows = table.alias()
    return select(rows).where(render_condition(condition, rows, dialect))


def select_seen(table: Table, dialect: SQLDialect) -> Select[Any] | None:
    """Select the rows of a resource that the client may see; None if every client may see all."""
    condition = table.policy.read
    return None if condition.constant else _select_rows(table.sql, condition, dialect)


def render_allowed(table: Table, action: Action, dialect: SQLDialect) -> ColumnElement[bool]:
    """Render that the client may perform an action on a row of a resource's own table."""
    return render_condition(table.policy.condition(action), table.sql, dialect)


def tell_allowed(
    table: Table, action: Action, rows: FromClause, dialect: SQLDialect
) -> ColumnElement[int]:
    """Render, as 1 or 0, whether the client may perform an action on a row."""
    condition = table.policy.condition(action)
    if condition.constant is not None:
        return literal_column(str(int(condition.constant)), Integer())
    return case((render_condition(condition, rows, dialect), 1), else_=0)


def render_condition(
    condition: Condition, rows: FromClause, dialect: SQLDialect
) -> ColumnElement[bool]:
    """Render a condition of a policy on the rows of a table, or of its stand-in."""
    return _render(condition, rows, dialect, lambda _: None)


def _render(
    condition: Condition, rows: FromClause, dialect: SQLDialect, read: Replace
) -> ColumnElement[Any]:
    def bind(parameter: Parameter) -> ColumnElement[Any]:
        return bindparam(parameter.name, type_=operand_type(parameter.sql_type, dialect))

    def find(found: ColumnElement[Any], parameter: Parameter) -> ColumnElement[bool]:
        compared = type_coerce(found, parameter.sql_type)
        return in_list(compared, parameter.name, dialect)

    return condition.on(rows, bind, find, read)


def links_to_seen(
    links: FromClause, relation: Relation, target: Table, dialect: SQLDialect
) -> list[ColumnElement[bool]]:
    """Render the condition for links that the client may remove: those to rows that it may see.

    Args:
        links: The link table.
        relation: The relation.
        target: The resource at its other end.
        dialect: The dialect.
    """
    found: list[ColumnElement[bool]] = []
    if not target.policy.read.constant:
        rows = rows_of(target, dialect).alias()
        pairs = [(column_in(rows, end), links.c[own.key]) for end, own in relation.link_target]
        found.append(exists_in(rows, *(end == own for end, own in pairs)))
    policy = None if relation.link is None else relation.policies.get(relation.link)
    own = () if policy is None else dict.fromkeys((policy.read, policy.delete))
    found += [render_condition(c, links, dialect) for c in own if not c.constant]
    return found


def exists_in(source: FromClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Write that a table has a row with some conditions, which may refer to surrounding tables."""
    found: Select[Any] = select(literal_column("1")).select_from(source).where(*conditions)
    return found.correlate_except(source).exists()


def every_row_of(table: FromClause | Table) -> FromClause:
    """Return every row of a table, including rows that clients may not see.

    It is for what the service itself must know: cascades and references of a row, violated
    constraints, and its own tables.
    """
    return table.sql if isinstance(table, Table) else table


def stored_rows_of(table: Table, dialect: SQLDialect) -> FromClause:
    """Return every row of a resource, as `every_row_of` does, with its computed fields."""
    return _complete(table, table.sql, dialect)


def column_in(source: FromClause, column: Column[Any]) -> ColumnElement[Any]:
    """Return a table's column in the stand-in for the table."""
    return source.c[column.key]


def columns_in(source: FromClause, columns: Iterable[Column[Any]]) -> list[ColumnElement[Any]]:
    """Return a table's columns in the stand-in for the table."""
    return [source.c[column.key] for column in columns]


def insert_into(table: Table, dialect: SQLDialect) -> Any:
    """Begin an INSERT of rows of a resource, which may have a conflict clause."""
    return insert_any_into(table.sql, dialect)


def merge_into(
    sql: Any, table: Table, key: Sequence[Column[Any]], changes: Mapping[Column[Any], Any]
) -> Any:
    """Add a clause to an INSERT that updates existing rows of a resource that the client may
    update.

    Args:
        sql: The INSERT.
        table: The resource. Not used for resources that restrict who may update rows.
        key: The columns of the unique key that existing rows are found by.
        changes: The new values.
    """
    if not (table.policy.read.constant and table.policy.update.constant):
        raise AssertionError(f"{table.name}: rows that are there are looked up first")
    return sql.on_conflict_do_update(index_elements=key, set_=changes)


def insert_any_into(table: SQLTable, dialect: SQLDialect) -> Any:
    """Begin an INSERT of rows of any table, which may have a conflict clause."""
    return dialect.insert(table)


def update_in(table: Table, dialect: SQLDialect) -> Update:
    """Begin an UPDATE of rows of a resource that the client may update."""
    return _restrict(update_any_in(table.sql), table, "update", dialect)


def update_any_in(table: SQLTable) -> Update:
    """Begin an UPDATE of any rows of a table."""
    return update(table)


def delete_from(table: Table, dialect: SQLDialect) -> Delete:
    """Begin a DELETE of rows of a resource that the client may delete."""
    return _restrict(delete_any_from(table.sql), table, "delete", dialect)


def delete_any_from(table: SQLTable) -> Delete:
    """Begin a DELETE of any rows of a table."""
    return delete(table)


def _restrict(sql: Change, table: Table, action: Action, dialect: SQLDialect) -> Change:
    policy = table.policy
    for condition in dict.fromkeys((policy.read, policy.condition(action))):
        if not condition.constant:
            sql = sql.where(render_condition(condition, table.sql, dialect))
    return sql
