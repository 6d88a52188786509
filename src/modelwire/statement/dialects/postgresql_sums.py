"""Aggregates on PostgreSQL, which computes exactly with `numeric`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Double,
    Integer,
    Interval,
    Numeric,
    Text,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    type_coerce,
)

from ...catalog.domain import is_short_float
from ...catalog.kinds import Kind, storage_type
from ...shape.aggregates import Bucket
from ..date_trunc import LAST_DAY, SECOND_DAY
from ..exact_numbers import MEAN_PLACES, ExactNumber
from ..sums import Number, Sums

Value = ColumnElement[Any]

_MORE_DIGITS = literal_column(f"1.{'0' * 40}", Numeric())
"""Factor of one that adds decimal places to a number: enough to tell whether its quotient by any
number of rows is a tie for rounding."""


def _numbers(value: Value, number: Number) -> Value:
    # A float counts as the number of its shortest text, as it is shown.
    return cast(cast(value, Text()), Numeric()) if number.stored is Kind.FLOAT else value


def _total(value: Value, number: Number) -> Value:
    total = func.sum(_numbers(value, number))
    return type_coerce(total, ExactNumber(number.kind, number.scale))


def _mean(value: Value, number: Number) -> Value:
    total = func.sum(_numbers(value, number), type_=Numeric())
    quotient = total * _MORE_DIGITS / func.nullif(func.count(value), literal_column("0"))
    if number.kind is not Kind.DECIMAL:
        return cast(quotient, Double())
    if number.scale is not None:
        scale = number.scale + MEAN_PLACES
        rounded = _round_half_even(quotient, literal_column(str(scale), Integer()))
        return type_coerce(rounded, ExactNumber(Kind.DECIMAL, scale))
    places = func.min_scale(total) + literal_column(str(MEAN_PLACES), Integer())
    return type_coerce(_round_half_even(quotient, places), ExactNumber(Kind.DECIMAL))


def _round_half_even(number: Value, places: Value) -> Value:
    """Round a number; PostgreSQL's own `round` rounds halves away from zero."""
    two = literal_column("2", Integer())
    lower = func.trunc(number, places, type_=Numeric())
    twice = (number - lower) * two
    is_half = and_(twice != literal_column("0"), func.round(twice, places) == twice)
    is_even = func.round(lower / two, places, type_=Numeric()) * two == lower
    return case((and_(is_half, is_even), lower), else_=func.round(number, places, type_=Numeric()))


def _floats(value: Value) -> Value:
    is_short = is_short_float(storage_type(value.type))
    return func.sum(cast(cast(value, Text()), Double()) if is_short else value, type_=Double())


def _durations(value: Value) -> Value:
    return func.sum(value, type_=Interval())


def _cut(value: Value, bucket: Bucket, zone: Value | None) -> Value:
    unit = literal_column(f"'{bucket}'", Text())
    has_offset = getattr(storage_type(value.type), "timezone", False)
    zone = literal_column("'UTC'", Text()) if zone is None else _zone_of(value, zone)
    if not has_offset:
        start = func.date_trunc(unit, _finite(cast(value, DateTime())))
    elif bucket is Bucket.HOUR:
        return type_coerce(func.date_trunc(unit, _finite(value, "+00"), zone), value.type)
    else:
        start = func.date_trunc(unit, _finite(func.timezone(zone, value)))
    return type_coerce(start, value.type) if bucket is Bucket.HOUR else cast(start, Date())


def _zone_of(value: Value, zone: Value) -> Value:
    """Return the time zone of an instant: UTC on the first and the last day there is, whose local
    dates may be before or after all dates."""
    first, last = (
        literal_column(f"'{day} 00:00:00+00'", value.type) for day in (SECOND_DAY, LAST_DAY)
    )
    return case((or_(value < first, value >= last), literal_column("'UTC'", Text())), else_=zone)


def _finite(value: Value, offset: str = "") -> Value:
    """Return a datetime as it is shown: an infinite one as the last or the first."""
    ends = {"infinity": "9999-12-31 23:59:59.999999", "-infinity": "0001-01-01 00:00:00"}
    shown = {
        literal_column(f"'{name}'", value.type): literal_column(f"'{end}{offset}'", value.type)
        for name, end in ends.items()
    }
    return case(shown, value=value, else_=value)


POSTGRESQL_SUMS = Sums(
    has_zones=True, total=_total, mean=_mean, floats=_floats, durations=_durations, cut=_cut
)
