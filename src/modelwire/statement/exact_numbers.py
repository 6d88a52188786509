"""Exact numbers: sums and means that floats could not hold.

PostgreSQL computes them as `numeric`. SQLite only has 64-bit integers and floats, so custom
functions return the text of a number there, and a custom collation orders these texts as numbers.
Integers are added up by SQLite itself in two halves, so that a function is called for each group
and not for each row.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Numeric, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from ..catalog.domain import EXACT
from ..catalog.kinds import Kind

MEAN_PLACES = 6
"""Decimal places of a mean in addition to those of its field."""

HALF_BITS = 32
"""Bits of the lower half of an integer that is added up."""


def write_out(value: Decimal) -> Decimal:
    """Return a number without trailing zeros after the point, and without an exponent."""
    if not value.is_finite():
        return value
    whole = value.to_integral_value()
    return whole.quantize(_ONE, context=EXACT) if value == whole else value.normalize(EXACT)


_ONE = Decimal(1)


class ExactNumber(TypeDecorator[Any]):
    """Exact sum or mean.

    Args:
        kind: The kind of number that it is shown as.
        scale: Decimal places of a decimal; None to keep all.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, kind: Kind, scale: int | None = None) -> None:
        super().__init__()
        self.kind = kind
        self.scale = scale

    def process_bind_param(self, value: Any, _dialect: Dialect) -> Any:
        return None if value is None else _to_decimal(value)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        return None if value is None else _read(Decimal(value), self.kind, self.scale)


class ExactText(ExactNumber):
    """Exact sum or mean on SQLite, as a text."""

    impl = Text  # type: ignore[assignment]
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> Any:
        return None if value is None else f"{_to_decimal(value):f}"


class DurationText(TypeDecorator[dt.timedelta]):
    """Sum of durations on SQLite, as the text of its microseconds."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dt.timedelta | None, _dialect: Dialect) -> str | None:
        return None if value is None else str(value // _MICROSECOND)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> dt.timedelta | None:
        return None if value is None else int(value) * _MICROSECOND


MADE = (ExactText, DurationText)
"""The types of texts that custom functions return on SQLite, and that no column stores."""

_MICROSECOND = dt.timedelta(microseconds=1)


def _read(number: Decimal, kind: Kind, scale: int | None) -> Any:
    if kind is Kind.FLOAT:
        return _to_float(number)
    if not number.is_finite():
        return number
    if kind is Kind.INTEGER:
        return int(number) if number == number.to_integral_value() else number
    if scale is None:
        return write_out(number)
    return number.quantize(Decimal(1).scaleb(-scale), context=EXACT)


def _to_float(number: Decimal) -> float:
    value = float(number)
    if math.isinf(value) and number.is_finite():
        raise OverflowError("beyond a float")
    return value


def _to_decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value))


# ---- functions for SQLite ----------------------------------------------------------------

JOIN = "modelwire_join"
"""Function: the sum of integers, from the sums of their two halves."""

TOTAL = "modelwire_total"
"""Aggregate: the sum of decimals, each as the shortest text of its float."""

ADD = "modelwire_add"
"""Function: the sum of decimals, from the sum of scaled integers and the sum of the others."""

MEAN = "modelwire_mean"
"""Function: the mean, from a sum and a count, rounded to some decimal places, or as a float."""

NUMBER = "modelwire_number"
"""Collation of texts that are numbers."""


def join_halves(high: int | None, low: int | None) -> str | None:
    """Join the sums of the upper and lower halves of integers."""
    return None if high is None or low is None else str((high << HALF_BITS) + low)


class Total:
    """Aggregate that adds decimals, ignoring values that are not numbers."""

    def __init__(self) -> None:
        self._sum: Decimal | None = None

    def step(self, value: object) -> None:
        """Add a value."""
        if isinstance(value, (int, float)):
            number = Decimal(repr(value))
            self._sum = number if self._sum is None else EXACT_SUMS.add(self._sum, number)

    def finalize(self) -> str | None:
        """Return the sum; None if there are no values."""
        return None if self._sum is None else f"{self._sum:f}"


def add_scaled(units: int | None, scale: int, others: str | None) -> str | None:
    """Add the two parts of a sum of decimals.

    Args:
        units: The sum of the scaled integers, in units of their last digit.
        scale: Their decimal places.
        others: The sum of the other decimals.
    """
    if units is None:
        return others
    small = Decimal(units).scaleb(-scale, context=EXACT)
    return f"{small if others is None else EXACT_SUMS.add(small, Decimal(others)):f}"


EXACT_SUMS = EXACT.copy()
"""Adds any numbers; the sum of opposite infinities is NaN."""
EXACT_SUMS.clear_traps()


def mean(total: str | None, count: int, places: int | None) -> str | float | None:
    """Divide a sum by the number of its values.

    Args:
        total: The sum.
        count: The number of values.
        places: Decimal places to round to, half to even; if negative, those of the sum and
            `MEAN_PLACES` more; None to return a float.
    """
    if total is None or not count:
        return None
    number = Decimal(total)
    if not number.is_finite():
        return float(number) if places is None else total
    exact = Fraction(number) / count
    if places is None:
        return float(exact)
    if places < 0:
        places = -min(0, int(write_out(number).as_tuple().exponent)) + MEAN_PLACES
    return f"{Decimal(round(exact * 10**places)).scaleb(-places, context=EXACT):f}"


def compare_numbers(one: str, other: str) -> int:
    """Compare the texts of two numbers; return a number less than 0, 0, or greater than 0."""
    a, b = Decimal(one), Decimal(other)
    if a.is_nan() or b.is_nan():
        return a.is_nan() - b.is_nan()
    return (a > b) - (a < b)
