"""Shapes of reading requests as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.types import BigInteger

from ..catalog import Field, Kind, Table
from ..catalog.kinds import storage_type
from ..plan.shapes import CountShape, Order, Predicate, RelatedShape, SelectShape
from .lists import in_rows
from .operators import Prepare, render_predicate
from .types import operand_type, wire_type


def build_select(shape: SelectShape, dialect: str) -> tuple[Select[Any], dict[str, Prepare]]:
    """Write the rows of a table in SQL.

    Parameters are `p0`, `p1`, … for the predicates, `after0`, … for a keyset, `limit`, `offset`.
    """
    sql = select(*columns_of(shape.table, dialect))
    conditions, prepare = _build_predicates(shape.predicates, dialect)
    if shape.after is not None:
        conditions.append(_build_after(shape.order, shape.after, dialect))
    sql = sql.where(*conditions).order_by(*build_order(shape.order, dialect))
    if shape.limited:
        sql = sql.limit(_number("limit"))
    if shape.offset:
        sql = sql.offset(_number("offset"))
    return sql, prepare


def build_count(shape: CountShape, dialect: str) -> tuple[Select[Any], dict[str, Prepare]]:
    """Write the number of rows of a table in SQL."""
    conditions, prepare = _build_predicates(shape.predicates, dialect)
    sql = select(func.count()).select_from(shape.table.sql).where(*conditions)
    return sql, prepare


def build_related(shape: RelatedShape, dialect: str) -> Select[Any]:
    """Write the rows that a relation leads to in SQL.

    Each row starts with the values of the relation's `remote` columns, by which it is told whose
    it is; the parents' values are the parameter `ROWS`.
    """
    relation, target = shape.relation, shape.target
    sql = select(*relation.remote, *columns_of(target, dialect))
    if relation.link is not None:
        on = and_(*(column == linked for column, linked in relation.link_target))
        sql = sql.select_from(target.sql.join(relation.link, on))
    order = [Order(f, descending=False) for f in target.key]
    return sql.where(in_rows(relation.remote, dialect)).order_by(*build_order(order, dialect))


def columns_of(table: Table, dialect: str) -> list[ColumnElement[Any]]:
    """The columns of a row as it is read, each under its wire type."""
    return [_read_column(field, dialect) for field in table.selected]


def _read_column(field: Field, dialect: str) -> ColumnElement[Any]:
    wire = wire_type(field.column.type, dialect)
    if wire is field.column.type:
        return field.column
    return type_coerce(field.column, wire).label(field.column.name)


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger())


def _build_predicates(
    predicates: Sequence[Predicate], dialect: str
) -> tuple[list[ColumnElement[bool]], dict[str, Prepare]]:
    conditions: list[ColumnElement[bool]] = []
    prepare: dict[str, Prepare] = {}
    for i, predicate in enumerate(predicates):
        condition, prepared = render_predicate(
            predicate.field, predicate.operator, f"p{i}", dialect
        )
        conditions.append(condition)
        prepare.update(prepared)
    return conditions, prepare


def build_order(order: Sequence[Order], dialect: str) -> list[ColumnElement[Any]]:
    """Write an order in SQL. NULL is the largest value, as PostgreSQL has it by itself."""
    terms: list[ColumnElement[Any]] = []
    for term in order:
        expression = _sort_expression(term.field, dialect)
        ordered = expression.desc() if term.descending else expression.asc()
        if dialect == "sqlite" and term.field.nullable:
            ordered = ordered.nulls_first() if term.descending else ordered.nulls_last()
        terms.append(ordered)
    return terms


def _sort_expression(field: Field, dialect: str) -> ColumnElement[Any]:
    """A column in the order of its values: enums by their declaration, not their spelling."""
    if field.kind is not Kind.ENUM:
        return field.column
    stored: Any = storage_type(field.column.type)
    names = getattr(stored, "enums", None)
    if not names or (dialect == "postgresql" and stored.native_enum):
        return field.column
    return case({name: i for i, name in enumerate(names)}, value=field.column)


def _build_after(
    order: Sequence[Order], nulls: Sequence[bool], dialect: str
) -> ColumnElement[bool]:
    """Write that a row comes after the one whose values are `after0`, `after1`, …"""
    expressions = [_sort_expression(term.field, dialect) for term in order]
    values = [_after_value(term.field, i, dialect) for i, term in enumerate(order)]
    directions = {term.descending for term in order}
    if len(directions) == 1 and not any(term.field.nullable for term in order):
        row, last = tuple_(*expressions), tuple_(*values)
        return row < last if directions.pop() else row > last
    steps = []
    for i, term in enumerate(order):
        equal = [
            expressions[j].is_(None) if nulls[j] else expressions[j] == values[j] for j in range(i)
        ]
        beyond = _beyond(expressions[i], values[i], term, is_null=nulls[i])
        steps.append(and_(*equal, beyond))
    return or_(*steps)


def _beyond(
    expression: ColumnElement[Any], value: ColumnElement[Any], term: Order, *, is_null: bool
) -> ColumnElement[bool]:
    if is_null:
        return expression.is_not(None) if term.descending else false()
    if term.descending:
        return expression < value
    after: ColumnElement[bool] = expression > value
    return or_(after, expression.is_(None)) if term.field.nullable else after


def _after_value(field: Field, index: int, dialect: str) -> ColumnElement[Any]:
    value = bindparam(f"after{index}", type_=operand_type(field.column.type, dialect))
    expression = _sort_expression(field, dialect)
    if expression is field.column:
        return value
    names = storage_type(field.column.type).enums  # type: ignore[attr-defined]
    return case({name: i for i, name in enumerate(names)}, value=value)
