"""Aggregates on SQLite, which adds 64-bit integers and floats."""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy import (
    REAL,
    ColumnElement,
    Date,
    Double,
    Float,
    Integer,
    and_,
    case,
    cast,
    collate,
    func,
    literal_column,
    not_,
    type_coerce,
)

from ...catalog.kinds import Kind
from ...shape.aggregates import Bucket
from ..date_trunc import DAY, HOUR
from ..exact_numbers import (
    ADD,
    HALF_BITS,
    JOIN,
    MEAN,
    MEAN_PLACES,
    NUMBER,
    TOTAL,
    DurationText,
    ExactText,
)
from ..sums import Number, Sums
from .sqlite_types import SQLiteFloat

Value = ColumnElement[Any]

_USUAL_SCALE = 4
"""Decimal places that suffice for most decimals of a column without a scale."""

_LARGEST = 2**31
"""The largest integer by which a decimal is added up: 2^32 of them fit into 64 bits."""

_LARGEST_FLOAT: Value = literal_column(repr(sys.float_info.max), Double())

_BITS = literal_column(str(HALF_BITS), Integer())
_LOWER_HALF = literal_column(str(2**HALF_BITS - 1), Integer())


def _add_integers(value: Value) -> Value:
    """Write a sum of integers in two halves, each of which can add 2^31 rows."""
    high = func.sum(value.bitwise_rshift(_BITS))
    low = func.sum(value.bitwise_and(_LOWER_HALF))
    joined: Value = getattr(func, JOIN)(high, low)
    return joined


def _add_decimals(value: Value, scale: int | None) -> Value:
    """Write a sum of decimals: small ones as integers in units of their last digit, others one by
    one.

    A function that is called for each row takes several times longer, and holds the interpreter's
    lock.
    """
    digits = _USUAL_SCALE if scale is None else scale
    unit = literal_column(f"1e{digits}", Float())
    number = type_coerce(value, Float())
    units = func.round(number * unit, type_=Float())
    most = _number(_LARGEST // 10**digits)
    is_small: ColumnElement[bool] = number.between(-most, most)
    if scale is None:
        is_small = and_(is_small, units / unit == number)
    small = func.sum(cast(units, Integer())).filter(is_small)
    others = getattr(func, TOTAL)(number).filter(not_(is_small))
    added: Value = getattr(func, ADD)(small, _number(digits), others)
    return added


def _number(value: int) -> Value:
    return literal_column(str(value), Integer())


def _add(value: Value, number: Number) -> Value:
    if number.stored is Kind.INTEGER:
        return _add_integers(value)
    return _add_decimals(value, number.scale)


def _total(value: Value, number: Number) -> Value:
    kind = ExactText(number.kind, number.scale)
    return type_coerce(collate(_add(value, number), NUMBER), kind)


def _mean(value: Value, number: Number) -> Value:
    places: int | None = None
    if number.kind is Kind.DECIMAL:
        places = -1 if number.scale is None else number.scale + MEAN_PLACES
    given = literal_column("NULL" if places is None else str(places), Integer())
    divided = getattr(func, MEAN)(_add(value, number), func.count(value), given)
    if places is None:
        return type_coerce(divided, SQLiteFloat())
    kind = ExactText(Kind.DECIMAL, None if places < 0 else places)
    return type_coerce(collate(divided, NUMBER), kind)


def _floats(value: Value) -> Value:
    """Write a sum of floats that fails if it overflows, instead of being shown as null.

    The failure is an integer overflow: minus infinity casts to the one integer without an absolute
    value.
    """
    real: Value = cast(value, REAL())
    total: Value = func.sum(real, type_=Double())
    is_beyond = and_(func.abs(total) > _LARGEST_FLOAT, func.max(func.abs(real)) <= _LARGEST_FLOAT)
    return case((is_beyond, func.abs(cast(-func.abs(total), Integer()))), else_=total)


def _durations(text: Value) -> Value:
    """Write a sum of durations, which are stored as datetimes relative to 1970."""
    seconds = cast(func.strftime(literal_column("'%s'"), func.substr(text, 1, 19)), Integer())
    fraction = cast(func.substr(text, 21, 6), Integer())
    added = _add_integers(seconds * literal_column("1000000", Integer()) + fraction)
    return type_coerce(collate(added, NUMBER), DurationText())


def _cut(value: Value, bucket: Bucket, zone: Value | None) -> Value:
    if bucket is Bucket.HOUR:
        start = _begin_hour(value) if zone is None else getattr(func, HOUR)(value, zone)
        return type_coerce(start, value.type)
    day = value if zone is None else getattr(func, DAY)(value, zone)
    return type_coerce(_CUTS[bucket](day), Date())


def _begin_hour(value: Value) -> Value:
    return func.substr(value, 1, 13).concat(literal_column("':00:00.000000'"))


def _cut_year(day: Value) -> Value:
    return func.substr(day, 1, 4).concat(literal_column("'-01-01'"))


def _cut_quarter(day: Value) -> Value:
    month = cast(func.substr(day, 6, 2), Integer())
    first = (month - 1) // literal_column("3", Integer()) * 3 + 1
    return func.substr(day, 1, 5).concat(func.printf(literal_column("'%02d-01'"), first))


def _cut_month(day: Value) -> Value:
    return func.substr(day, 1, 8).concat(literal_column("'01'"))


def _cut_week(day: Value) -> Value:
    """Write the Monday on or before a day: the first Monday from six days earlier on."""
    back: Value = literal_column("'-6 days'")
    monday: Value = literal_column("'weekday 1'")
    return func.date(func.substr(day, 1, 10), back, monday)


def _cut_day(day: Value) -> Value:
    return func.substr(day, 1, 10)


_CUTS = {
    Bucket.YEAR: _cut_year,
    Bucket.QUARTER: _cut_quarter,
    Bucket.MONTH: _cut_month,
    Bucket.WEEK: _cut_week,
    Bucket.DAY: _cut_day,
}

SQLITE_SUMS = Sums(
    has_zones=False, total=_total, mean=_mean, floats=_floats, durations=_durations, cut=_cut
)
