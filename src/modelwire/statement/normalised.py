"""Normalisation of values on SQLite to one spelling, whatever program has written them.

SQLite has no types for times, booleans and decimals. A column has the text or number that was
stored in it: SQLAlchemy writes `2026-01-31 12:00:00.000000`, SQLite's own `CURRENT_TIMESTAMP` has
no fraction, other programs write `2026-01-31T13:00:00+01:00`. The expressions here convert each to
SQLAlchemy's spelling by functions that every SQLite has (manual, Date And Time Functions), so that
they can be indexed. A value that is invalid for its type is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Interval,
    Time,
    literal_column,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from ..catalog.kinds import scale_of, storage_type
from .dialect import SQLDialect

_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_FRACTION = ".[0-9][0-9][0-9][0-9][0-9][0-9]"

_LAST_JULIAN_DAY = 5373484.5
"""The last day of year 9999. Floats up to here are Julian days, integers are seconds since 1970
(SQLite manual, Date and Time Datatype), and so are larger floats."""

_LAST_SECOND = 20_000_000_000
"""Numbers beyond this are milliseconds, as in Pydantic."""

_EXACT_DIGITS = 15
"""Digits of a decimal that a float preserves. Of a longer one, the last places are no noise."""

_MOST_EXACT = 22
"""The largest power of ten that is exact as a float."""

_TRUE = "'true', 't', 'yes', 'y', 'on', '1'"
_FALSE = "'false', 'f', 'no', 'n', 'off', '0'"


class _Normal(FunctionElement[Any]):
    """Value in the canonical spelling of its type."""

    inherit_cache = True


class NormalInstant(_Normal):
    """Datetime as `2026-01-31 12:00:00.000000`, in UTC if its offset is known."""

    inherit_cache = True


class NormalDay(_Normal):
    """Date as `2026-01-31`."""

    inherit_cache = True


class NormalClock(_Normal):
    """Time as `12:00:00.000000`."""

    inherit_cache = True


class NormalNumber(_Normal):
    """Number rounded to the decimal places of its column, the second operand."""

    inherit_cache = True


class NormalBoolean(_Normal):
    """Boolean as 0 or 1, from the spellings that PostgreSQL accepts (manual, Boolean Type)."""

    inherit_cache = True


def normal_form(column: ColumnElement[Any], dialect: SQLDialect) -> ColumnElement[Any]:
    """Return the value of a column in the canonical spelling of its type.

    Args:
        column: The column.
        dialect: The database's dialect.

    Returns:
        An expression; the column itself if its type has only one spelling.
    """
    return dialect.normalize(dialect.type_of(column), column)


def normalize(sql_type: TypeEngine[Any], column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return an SQLite column in the canonical spelling of its type."""
    make = _maker_of(sql_type)
    return column if make is None else make(column)


def has_spellings(sql_type: TypeEngine[Any]) -> bool:
    """Whether SQLite may have values of a type in several spellings."""
    return _maker_of(sql_type) is not None


def _maker_of(sql_type: TypeEngine[Any]) -> Callable[[ColumnElement[Any]], _Normal] | None:
    stored = storage_type(sql_type)
    if isinstance(stored, (sqlite.DATETIME, sqlite.DATE, sqlite.TIME)):
        return None  # it has its own format
    for base, make in _FORMS:
        if isinstance(stored, base):
            return make
    scale = scale_of(sql_type)
    if scale is None:
        return None
    return lambda column: NormalNumber(column, literal_column(str(scale)))


_FORMS: tuple[tuple[type[TypeEngine[Any]], Callable[[ColumnElement[Any]], _Normal]], ...] = (
    (DateTime, NormalInstant),
    (Interval, NormalInstant),  # stored as a datetime relative to 1970
    (Date, NormalDay),
    (Time, NormalClock),
    (Boolean, NormalBoolean),
)


@compiles(NormalInstant, "sqlite")
def _write_instant(element: NormalInstant, compiler: Any, **options: Any) -> str:
    (x,) = _write_clauses(element, compiler, options)
    # The fraction is handled separately, since SQLite would round it to milliseconds.
    seconds = f"upper(substr({x}, 1, 19)) || {_offset(f'substr({x}, 20)')}"
    day = f"substr({x}, 1, 10)"
    return f"""\
CASE WHEN {x} GLOB '????-??-?? ??:??:??{_FRACTION}' THEN {x} ELSE coalesce(CASE \
WHEN {x} GLOB '{_DAY}*' AND date({day}, '+0 days') = {day} \
THEN {_read_seconds(seconds, "%Y-%m-%d %H:%M:%S")} || {_fraction(f"substr({x}, 20, 7)")} \
WHEN typeof({x}) IN ('integer', 'real') \
THEN strftime('%Y-%m-%d %H:%M:%f000', {_unix_time(x)}, 'unixepoch') END, {x}) END"""


@compiles(NormalDay, "sqlite")
def _write_day(element: NormalDay, compiler: Any, **options: Any) -> str:
    (x,) = _write_clauses(element, compiler, options)
    return f"""\
CASE WHEN {x} GLOB '????-??-??' THEN {x} ELSE coalesce(CASE \
WHEN {x} GLOB '{_DAY}[ T]*' THEN substr({x}, 1, 10) \
WHEN typeof({x}) IN ('integer', 'real') \
THEN strftime('%Y-%m-%d', {_unix_time(x)}, 'unixepoch') END, {x}) END"""


@compiles(NormalClock, "sqlite")
def _write_clock(element: NormalClock, compiler: Any, **options: Any) -> str:
    (x,) = _write_clauses(element, compiler, options)
    clock = f"CASE WHEN {x} GLOB '{_DAY}[ T]*' THEN substr({x}, 12) ELSE {x} END"
    seconds = f"substr({clock}, 1, 8) || {_offset(f'substr({clock}, 9)')}"
    return f"""\
CASE WHEN {x} GLOB '??:??:??{_FRACTION}' THEN {x} ELSE coalesce(CASE \
WHEN {clock} GLOB '[0-9][0-9]:[0-9][0-9]*' \
THEN {_read_seconds(seconds, "%H:%M:%S")} || {_fraction(f"substr({clock}, 9, 7)")} \
END, {x}) END"""


@compiles(NormalNumber, "sqlite")
def _write_number(element: NormalNumber, compiler: Any, **options: Any) -> str:
    x, scale = _write_clauses(element, compiler, options)
    places = max(0, int(scale))
    if places > _MOST_EXACT:
        return x
    # Whole numbers and such powers of ten are exact as floats, so their quotient is the float that
    # is nearest to the decimal. What SQLite's round(x, places) returns often is not.
    most = f"1e{_EXACT_DIGITS - places}"
    return (
        f"CASE WHEN typeof({x}) = 'real' AND {x} BETWEEN -{most} AND {most} "
        f"THEN round({x} * 1e{places}) / 1e{places} ELSE {x} END"
    )


@compiles(NormalBoolean, "sqlite")
def _write_boolean(element: NormalBoolean, compiler: Any, **options: Any) -> str:
    (x,) = _write_clauses(element, compiler, options)
    return f"""\
CASE {x} WHEN 0 THEN 0 WHEN 1 THEN 1 ELSE CASE WHEN typeof({x}) IN ('integer', 'real') THEN 1 \
WHEN lower({x}) IN ({_TRUE}) THEN 1 WHEN lower({x}) IN ({_FALSE}) THEN 0 ELSE {x} END END"""


def _write_clauses(element: _Normal, compiler: Any, options: dict[str, Any]) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]


def _read_seconds(text: str, form: str) -> str:
    """Write a time without its fraction in UTC; its offset may lack the colon or the minutes."""
    with_colon = f"substr({text}, 1, length({text}) - 2) || ':' || substr({text}, -2)"
    tries = (text, f"{text} || ':00'", with_colon)
    read = ", ".join(f"strftime('{form}', {given}, '+0 days')" for given in tries)
    return f"coalesce({read})"


def _offset(text: str) -> str:
    """Write the text after the fraction of a time, except for a Z or UTC."""
    return f"ltrim(rtrim({text}, ' UTCZz'), '.0123456789')"


def _fraction(text: str) -> str:
    """Write the fraction at the start of a text, as a point and six digits."""
    return f"substr(printf('%.6f', {text}), -7)"


def _unix_time(number: str) -> str:
    return f"""\
CASE WHEN typeof({number}) = 'real' AND {number} BETWEEN 0 AND {_LAST_JULIAN_DAY} \
THEN ({number} - 2440587.5) * 86400.0 \
WHEN abs({number}) > {_LAST_SECOND} THEN {number} / 1000.0 ELSE {number} END"""
