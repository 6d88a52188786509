"""The values that a column can hold, beyond its schema: the same on every database."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from functools import lru_cache
from operator import attrgetter
from types import NoneType
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, REAL, BigInteger, Float, Integer, Numeric, SmallInteger, String
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.dialects.postgresql import OID
from sqlalchemy.types import TypeEngine

from ..characters import check_characters
from ..dialect import Dialect
from .forms import Form, form_of
from .kinds import has_offset, storage_type, stored_kind
from .vectors import is_vector, length_of


class Fault(NamedTuple):
    """Fault of a value.

    Args:
        code: Its name.
        message: The expected value, as the end of a sentence.
        place: Its place in the value, as the end of a JSON Pointer.
    """

    code: str
    message: str
    place: str = ""


Check = Callable[..., "Fault | None"]

MIN_INT64, MAX_INT64 = -(2**63), 2**63 - 1
MAX_OID = 2**32 - 1
MAX_FLOAT32 = (2 - 2**-23) * 2.0**127
MAX_EXPONENT = 20_000
"""The power of ten beyond which a decimal is refused without further checks."""

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def find_fault(value: Any, sql_type: TypeEngine[Any], dialect: Dialect | None) -> Fault | None:
    """Find the reason why a column can't hold a value.

    Args:
        value: A value that its schema has validated; not None.
        sql_type: The column's type.
        dialect: The database's dialect.

    Returns:
        A code and a message, or None if the value fits.
    """
    check = check_of(type(value))  # type: ignore[arg-type]  # a class is hashable
    return check(value, storage_type(sql_type), dialect) if check else None


def all_fit(values: Sequence[Any], stored: TypeEngine[Any], dialect: Dialect | None) -> bool:
    """Whether a column can hold all of many values, except for None.

    Args:
        values: Values that their schema has validated.
        stored: The type that the database stores.
        dialect: The database's dialect.
    """
    present, types = values, set(map(type, values))
    if NoneType in types:
        types.discard(NoneType)
        present = [value for value in values if value is not None]
    fit_together = _TOGETHER.get(types.pop()) if len(types) == 1 else None
    if fit_together is not None and fit_together(present, stored, dialect):
        return True
    return all(
        (check := check_of(type(value))) is None  # type: ignore[arg-type]  # a class is hashable
        or check(value, stored, dialect) is None
        for value in present
    )


def _texts_fit(texts: Sequence[str], stored: TypeEngine[Any], _dialect: Dialect | None) -> bool:
    text, (limit, form) = "".join(texts), _bounds_of(stored)
    short = limit is None or max(map(len, texts)) <= limit
    return short and form is None and text.isascii() and "\x00" not in text


def _integers_fit(values: Sequence[int], stored: TypeEngine[Any], dialect: Dialect | None) -> bool:
    return not any(_check_integer(f(values), stored, dialect) for f in (min, max))


def _instants_fit(
    values: Sequence[dt.datetime], stored: TypeEngine[Any], _dialect: Dialect | None
) -> bool:
    return has_offset(stored) and set(map(attrgetter("tzinfo"), values)) == {dt.UTC}


_TOGETHER: Mapping[type, Callable[..., bool]] = {
    str: _texts_fit,
    int: _integers_fit,
    bool: lambda *_: True,
    dt.datetime: _instants_fit,
}
"""Checks of many values of one class at once. If they fail, each value is checked."""


@lru_cache(maxsize=256)
def check_of(cls: type) -> Check | None:
    """Return the check for values of a class: a function of value, stored type and dialect."""
    return next((check for base, check in _CHECKS if issubclass(cls, base)), None)


def is_checked(sql_type: TypeEngine[Any]) -> bool:
    """Whether the values of a column's type are checked here; those of others, such as `MONEY`,
    only by the database."""
    stored = storage_type(sql_type)
    known = stored_kind(stored) is not None or form_of(stored) is not None
    return known or isinstance(stored, OID)


def check_interval(value: dt.timedelta) -> Fault | None:
    """Find the reason why a duration can't be stored: SQLite stores it as a date, relative to
    1970."""
    try:
        dt.datetime(1970, 1, 1) + value
    except OverflowError:
        return Fault("out_of_range", "should be a duration of less than 1969 years")
    return None


def _check_text(text: str, stored: TypeEngine[Any], _dialect: Dialect | None) -> Fault | None:
    fault = check_characters(text)
    if fault:
        return Fault(*fault)
    limit, form = _bounds_of(stored)
    if limit is not None and len(text) > limit:
        return Fault("too_long", f"should have at most {limit} characters")
    if form is not None and not form.fits(text):
        return Fault("unstorable", f"should be {form.expected}")
    return None


@lru_cache(maxsize=1024)
def _bounds_of(stored: TypeEngine[Any]) -> tuple[int | None, Form | None]:
    """Return the maximum length of a column's texts, and their form."""
    form = form_of(stored)
    if isinstance(stored, String) and not isinstance(stored, SQLEnum):
        return stored.length, form
    return None, form


def _check_integer(value: int, stored: TypeEngine[Any], _dialect: Dialect | None) -> Fault | None:
    if isinstance(value, bool) or isinstance(stored, Numeric):
        return None
    if isinstance(stored, OID):
        return (
            None
            if 0 <= value <= MAX_OID
            else Fault("out_of_range", f"should be from 0 to {MAX_OID}")
        )
    bits = 64
    if isinstance(stored, SmallInteger):
        bits = 16
    elif isinstance(stored, Integer) and not isinstance(stored, BigInteger):
        bits = 32
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    if low <= value <= high:
        return None
    return Fault("out_of_range", f"should be from {low} to {high}")


def _check_float(value: float, stored: TypeEngine[Any], dialect: Dialect | None) -> Fault | None:
    if not math.isfinite(value):
        return Fault("finite_number", "should be a finite number")
    is_short = dialect is not None and dialect.has_short_floats and is_short_float(stored)
    if is_short and abs(value) > MAX_FLOAT32:
        return Fault("out_of_range", f"should be from {-MAX_FLOAT32} to {MAX_FLOAT32}")
    return None


def is_short_float(stored: TypeEngine[Any]) -> bool:
    """Whether a type is a 4-byte float on PostgreSQL (manual, 8.1.3)."""
    if isinstance(stored, REAL):
        return True
    precision = stored.precision if isinstance(stored, Float) else None
    return precision is not None and precision <= 24


def _check_decimal(
    value: Decimal, stored: TypeEngine[Any], dialect: Dialect | None
) -> Fault | None:
    if not value.is_finite():
        return Fault("finite_number", "should be a finite number")
    if abs(value.adjusted()) > MAX_EXPONENT:
        return Fault("out_of_range", f"should have an exponent within {MAX_EXPONENT}")
    _, digits, exponent = value.normalize(EXACT).as_tuple()
    places = max(0, -int(exponent))
    whole = max(0, len(digits) + int(exponent))
    precision = stored.precision if isinstance(stored, Numeric) else None
    scale = (stored.scale or 0) if isinstance(stored, Numeric) and precision is not None else None
    if scale is not None and places > scale:
        return Fault("out_of_range", f"should have at most {scale} digits after the point")
    if precision is not None and scale is not None and whole > precision - scale:
        return Fault(
            "out_of_range", f"should have at most {precision - scale} digits before the point"
        )
    most = None if dialect is None else dialect.max_digits
    if most is not None and (len(digits) > most or abs(int(exponent)) > 300):
        return Fault("out_of_range", f"should have at most {most} digits")
    if whole > 131_072 or places > 16_383:
        return Fault(
            "out_of_range", "should have at most 131072 digits before the point, 16383 after"
        )
    return None


def _check_datetime(
    value: dt.datetime, stored: TypeEngine[Any], _dialect: Dialect | None
) -> Fault | None:
    aware = has_offset(stored)
    if aware and value.tzinfo is dt.UTC:
        return None
    if aware and value.utcoffset() is None:
        return Fault("timezone_aware", "should have an offset, as in 2026-01-31T12:00:00Z")
    if not aware and value.utcoffset() is not None:
        return Fault("timezone_naive", "should have no offset, as in 2026-01-31T12:00:00")
    if aware:
        try:
            value.astimezone(dt.UTC)
        except OverflowError:
            return Fault("out_of_range", "should be a date from year 1 to year 9999 in UTC")
    return None


def _check_json(value: Any, stored: TypeEngine[Any], dialect: Dialect | None) -> Fault | None:
    if isinstance(stored, ARRAY):
        return _check_array(value, stored, dialect)
    if is_vector(stored):
        return _check_vector(value, stored)
    pending = [value]
    while pending:
        item = pending.pop()
        fault: Fault | None = None
        if isinstance(item, str):
            found = check_characters(item)
            fault = Fault(*found) if found else None
        elif isinstance(item, dict):
            pending.extend((*item.keys(), *item.values()))
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, float) and not math.isfinite(item):
            fault = Fault("finite_number", "should have finite numbers only")
        if fault:
            return fault
    return None


def _check_array(
    value: Sequence[Any], stored: ARRAY[Any], dialect: Dialect | None, place: str = ""
) -> Fault | None:
    """Check the items of an array, possibly nested, by the type of its items."""
    lengths = {len(item) if isinstance(item, list) else None for item in value}
    if len(lengths) > 1:
        return Fault("ragged_array", "should have arrays of one length in each dimension", place)
    item_type = storage_type(stored.item_type)
    for index, item in enumerate(value):
        within = f"{place}/{index}"
        if isinstance(item, list):
            fault = _check_array(item, stored, dialect, within)
        else:
            check = check_of(type(item))  # type: ignore[arg-type]  # a class is hashable
            found = check and check(item, item_type, dialect)
            fault = found._replace(place=f"{within}{found.place}") if found else None
        if fault:
            return fault
    return None


def _check_vector(value: Sequence[Any], stored: TypeEngine[Any]) -> Fault | None:
    length = length_of(stored)
    if length is not None and len(value) != length:
        return Fault("vector_length", f"should have {length} numbers")
    if not value:
        return Fault("vector_length", "should have at least one number")
    for index, item in enumerate(value):
        if not isinstance(item, (int, float)) or not math.isfinite(item):
            return Fault("finite_number", "should be a finite number", f"/{index}")
    return None


def _check_time(value: dt.time, stored: TypeEngine[Any], _dialect: Dialect | None) -> Fault | None:
    aware = has_offset(stored)
    if aware is (value.utcoffset() is not None):
        return None
    if aware:
        return Fault("timezone_aware", "should have an offset, as in 12:00:00Z")
    return Fault("timezone_naive", "should have no offset, as in 12:00:00")


def _check_interval(
    value: dt.timedelta, _stored: TypeEngine[Any], _dialect: Dialect | None
) -> Fault | None:
    return check_interval(value)


_CHECKS: tuple[tuple[type | tuple[type, ...], Check], ...] = (
    (str, _check_text),
    (int, _check_integer),
    (float, _check_float),
    (Decimal, _check_decimal),
    (dt.datetime, _check_datetime),
    (dt.time, _check_time),
    (dt.timedelta, _check_interval),
    ((dict, list), _check_json),
)
