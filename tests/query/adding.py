"""The reference: sums over groups of rows, computed in plain Python."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from pydantic_core import to_jsonable_python

from .aggregates import Aggregate, Group, Measure
from .model import TABLES, Row, Rows, combine, compare, find_rows, rank, reach
from .plain import plain
from .queries import Condition, Term

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOST = 1e308
"""Floats whose sum may be beyond any float."""

PLACES = {"price": 8}
"""Digits after the point of a mean, where the column says how many its values have."""

Values = tuple[Any, ...]


def add_up(rows: Rows, asked: Aggregate, among: Sequence[Row] | None = None) -> list[Row]:
    """The items that sums have in all, in their order, as JSON.

    Args:
        rows: All rows.
        asked: The sums.
        among: Those that may be in them; all, if None.

    Raises:
        OverflowError: A float or a time is beyond what there is.
    """
    found = [item for item in find_groups(rows, asked, among) if _is_chosen(asked, item)]
    return [
        {name: to_jsonable_python(value) for name, value in item.items()}
        for item in _sort(asked, found)
    ]


def find_groups(rows: Rows, asked: Aggregate, among: Sequence[Row] | None = None) -> list[Row]:
    """Every group, with what is told of it."""
    members: dict[Values, list[Row]] = {} if asked.groups else {(): []}
    for row in find_rows(rows, asked.rows):
        if among is not None and row not in among:
            continue
        key = tuple(_value(rows, asked, group, row) for group in asked.groups)
        members.setdefault(key, []).append(row)
    names = [group.name for group in asked.groups]
    return [
        {
            **dict(zip(names, key, strict=True)),
            **{m.name: tell(rows, asked.table, m, found) for m in asked.measures},
        }
        for key, found in members.items()
    ]


def _field(rows: Rows, table: str, at: Group | Measure, row: Row) -> Any:
    field = at.field or ""
    return next((other[field] for other in reach(rows, table, row, at.path)), None)


def _value(rows: Rows, asked: Aggregate, group: Group, row: Row) -> Any:
    value = _field(rows, asked.table, group, row)
    return value if value is None or group.span is None else cut(value, group.span, asked.zone)


def cut(value: Any, span: str, zone: str | None) -> Any:
    """The start of the span of time that a date or an instant is in.

    Raises:
        OverflowError: It is so close to an end of time that the time zone leads beyond.
    """
    offset = timedelta()
    if isinstance(value, datetime) and value.tzinfo is not None:
        offset = value.astimezone(ZoneInfo(zone or "UTC")).utcoffset() or offset
    if span == "hour":
        epoch = EPOCH if value.tzinfo is not None else EPOCH.replace(tzinfo=None)
        return epoch + (value - epoch + offset) // HOUR * HOUR - offset
    day = (value + offset).date() if isinstance(value, datetime) else value
    return _first_day(day, span)


def _first_day(day: date, span: str) -> date:
    match span:
        case "year":
            return day.replace(month=1, day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "month":
            return day.replace(day=1)
        case "week":
            return day - timedelta(days=day.weekday())
    return day


def tell(rows: Rows, table: str, measure: Measure, found: Sequence[Row]) -> Any:
    """Return a measure of the rows of a group."""
    if measure.field is None:
        return len(found)
    values = [_field(rows, table, measure, row) for row in found]
    values = [value for value in values if value is not None]
    match measure.function:
        case "count":
            return len(values)
        case "count_distinct":
            return len(set(values))
    if not values:
        return None
    match measure.function:
        case "sum":
            return _sum(measure.field, values)
        case "avg":
            return _mean(measure.field, values)
    return (min if measure.function == "min" else max)(values)


def _sum(field: str, values: Sequence[Any]) -> Any:
    if isinstance(values[0], float):
        if sum(abs(value) / MOST for value in values) > 1:
            raise OverflowError
        return math.fsum(values)
    total = sum(values, start=type(values[0])(0))
    return total if field in PLACES or not isinstance(total, Decimal) else plain(total)


def _mean(field: str, values: Sequence[Any]) -> Any:
    total = _sum(field, values)
    if isinstance(total, float):
        return total / len(values)
    exact = Fraction(total) / len(values)
    if isinstance(total, int):
        return float(exact)
    places = PLACES.get(field, 6 + max(0, -int(plain(total).as_tuple().exponent)))
    rounded = Decimal(round(exact * 10**places)).scaleb(-places)
    return rounded if field in PLACES else plain(rounded)


def _is_chosen(asked: Aggregate, item: Row) -> bool:
    return all(_holds(item, term) for term in asked.having)


def _holds(item: Row, term: Term) -> bool:
    if isinstance(term, Condition):
        return compare(term, item[term.field])
    return combine(term, [_holds(item, inner) for inner in term.terms])


def _sort(asked: Aggregate, items: Sequence[Row]) -> list[Row]:
    ordered = list(items)
    named = {term.name for term in asked.sort}
    rest = [(group.name, False) for group in asked.groups if group.name not in named]
    terms = [*((term.name, term.descending) for term in asked.sort), *rest]
    for name, descending in reversed(terms):
        ordered.sort(key=lambda item: _place(item[name]), reverse=descending)
    return ordered


def _place(value: Any) -> tuple[bool, Any]:
    return (value is None, 0 if value is None else rank(value))


def kind_of(measure: Measure, table: str) -> str:
    """The kind of what is told."""
    if measure.field is None or measure.function.startswith("count"):
        return "integer"
    for name in measure.path:
        table = TABLES[table].relations[name].target
    kind = TABLES[table].kinds[measure.field]
    return "float" if measure.function == "avg" and kind == "integer" else kind
