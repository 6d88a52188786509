"""Aggregates over groups of rows as SQL.

A statement has two levels: an inner one of rows, with their group keys and operands, and an outer
one of groups, with their measures. So each expression for a key or an operand is written once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    case,
    distinct,
    func,
    literal_column,
    select,
    type_coerce,
)

from ..catalog.field import Field
from ..catalog.kinds import Kind, scale_of, stored_kind
from ..shape.aggregates import AggregateShape, Function, GroupKey, Measure
from ..shape.parts import Order
from .conditions import Conditions
from .date_trunc import ZONE
from .dialect import SQLDialect
from .door import rows_of
from .keyset import Joined, direct, sort_expressions
from .normalised import normal_form
from .operators import Prepare, is_null
from .reading import read_column
from .select import number_parameter
from .stored_texts import one_spelling
from .sums import Number

Value = ColumnElement[Any]


def build_aggregate(
    shape: AggregateShape, dialect: SQLDialect, *, lenient: bool = False
) -> tuple[Select[Any], dict[str, Prepare]]:
    """Write an aggregate query.

    Its parameters are `p0`, `p1`, … for the conditions, those on rows first, `tz`, `limit`,
    `offset`.
    """
    conditions = Conditions(dialect)
    rows = _select_rows(shape, conditions, dialect)
    keys = [rows.c[f"g{i}"] for i in range(len(shape.groups))]
    told = [_tell(m, rows, f"v{i}", dialect) for i, m in enumerate(shape.measures)]
    columns = conditions.told = [*keys, *told]
    shown = [
        read_column(column, dialect, lenient=lenient).label(f"c{i}")
        for i, column in enumerate(columns[: len(shape.answered)])
    ]
    sql = select(*shown).select_from(rows)
    if keys:
        sql = sql.group_by(*keys)
    if shape.having:
        sql = sql.having(and_(*conditions.render_all(shape.having, rows)))
    sql = sql.order_by(*_order_by(shape, columns, dialect)).limit(number_parameter("limit"))
    if shape.offset:
        sql = sql.offset(number_parameter("offset"))
    return sql, conditions.prepare


def _select_rows(shape: AggregateShape, conditions: Conditions, dialect: SQLDialect) -> FromClause:
    """Write the inner query of rows, with their group keys and operands."""
    found = rows_of(shape.table, dialect)
    used = [measure for measure in shape.measures if measure.field is not None]
    joined = Joined(found, (*shape.groups, *used), dialect)
    keys = [
        _cut(group, joined.column(group), dialect).label(f"g{i}")
        for i, group in enumerate(shape.groups)
    ]
    values = [
        _value(measure, measure.field, joined.column(measure), dialect).label(f"v{i}")
        for i, measure in enumerate(shape.measures)
        if measure.field is not None
    ]
    columns = [*keys, *values]
    where = conditions.render_all(shape.conditions, found)
    sql: Select[Any] = select(*(columns or [literal_column("1").label("row")]))
    return sql.select_from(joined.source).where(*where).subquery()


def _value(measure: Measure, field: Field, column: Value, dialect: SQLDialect) -> Value:
    """Write the operand of a measure.

    It is normalised where its spelling matters. This is done here, where it is written once: nested
    in itself, it would exceed the limits of SQLite's parser.
    """
    is_duration = stored_kind(field.sql_type) is Kind.INTERVAL
    if measure.function in _AS_THEY_ARE and not is_duration:
        return column
    return one_spelling(type_coerce(normal_form(column, dialect), column.type), dialect)


_AS_THEY_ARE = frozenset({Function.COUNT, Function.SUM, Function.AVG})
"""The functions for which the spelling of values does not matter."""


def _cut(group: GroupKey, column: Value, dialect: SQLDialect) -> Value:
    """Write the group key of a row; equal values are normalised to one spelling."""
    normal = type_coerce(normal_form(column, dialect), column.type)
    if group.bucket is None:
        return one_spelling(normal, dialect)
    zone = bindparam(ZONE, type_=Text()) if group.zoned else None
    return dialect.sums.cut(normal, group.bucket, zone)


def _tell(measure: Measure, rows: FromClause, name: str, dialect: SQLDialect) -> Value:
    field = measure.field
    if field is None:
        return func.count()
    value, function = rows.c[name], measure.function
    match function:
        case Function.COUNT:
            return func.count(case((~is_null(field, value), literal_column("1"))))
        case Function.COUNT_DISTINCT:
            return func.count(distinct(value))
        case Function.MIN | Function.MAX:
            return type_coerce(getattr(func, function)(value), value.type)
        case Function.SUM | Function.AVG:
            return _add(field, function, value, dialect)


def _add(field: Field, function: Function, value: Value, dialect: SQLDialect) -> Value:
    stored = stored_kind(field.sql_type)
    if stored is Kind.INTERVAL:
        return dialect.sums.durations(value)
    if stored is Kind.FLOAT and field.kind is not Kind.DECIMAL:
        total = dialect.sums.floats(value)
        return total if function is Function.SUM else total / func.count(value)
    scale = 0 if stored is Kind.INTEGER else scale_of(field.sql_type)
    number = Number(field.kind, stored or field.kind, scale)
    write = dialect.sums.total if function is Function.SUM else dialect.sums.mean
    return write(value, number)


def _order_by(
    shape: AggregateShape, columns: Sequence[Value], dialect: SQLDialect
) -> list[ColumnElement[Any]]:
    terms: list[Order] = []
    expressions: list[Value] = []
    for order in shape.order:
        told, column = shape.columns[order.position], columns[order.position]
        term = Order(told.shown, order.descending, told.through, asked=True)
        found = sort_expressions(term, column, dialect)
        terms += [term] * len(found)
        expressions += found
    return direct(terms, expressions, dialect)
