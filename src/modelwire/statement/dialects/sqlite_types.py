"""SQL types for lossless transfer of values between Python and SQLite."""

from __future__ import annotations

import datetime as dt
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, Date, DateTime, Float, LargeBinary, Numeric, Text, Time
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from ...catalog.domain import EXACT, MAX_INT64, MIN_INT64
from ...catalog.kinds import scale_of, storage_type, time_in_utc
from ...compat.sqlmodel import UTCDateTime
from ..clocks import read_clock, read_day, read_instant, read_naive, read_utc_clock
from ..exact_numbers import write_out
from ..json_text import write_json
from ..stored_texts import Spell


class SQLiteInstant(UTCDateTime):
    """Datetimes on SQLite, stored in UTC without an offset."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        write: Any = super().bind_processor(dialect)

        def process(value: dt.datetime | None) -> Any:
            if value is None or value.tzinfo is not dt.UTC:
                return write(value)
            # The same text as SQLAlchemy's, in one step.
            return value.isoformat(" ", "microseconds")[:26]

        return process

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        return read_instant


class SQLiteDateTime(TypeDecorator[dt.datetime]):
    """Datetimes without an offset on SQLite."""

    impl = DateTime
    cache_ok = True

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        return read_naive


class SQLiteDate(TypeDecorator[dt.date]):
    """Dates on SQLite."""

    impl = Date
    cache_ok = True

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        return read_day


class SQLiteClock(TypeDecorator[dt.time]):
    """Times with an offset on SQLite, stored in UTC without an offset."""

    impl = Time
    cache_ok = True

    def process_bind_param(self, value: dt.time | None, _dialect: Dialect) -> dt.time | None:
        return None if value is None else time_in_utc(value).replace(tzinfo=None)

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        return read_utc_clock


class SQLiteTime(TypeDecorator[dt.time]):
    """Times on SQLite."""

    impl = Time
    cache_ok = True

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        return read_clock


class SQLiteBoolean(TypeDecorator[bool]):
    """Booleans on SQLite, where other programs may have stored other values."""

    impl = Boolean
    cache_ok = True

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        return _BOOLEANS.__getitem__


_BOOLEANS: Mapping[Any, bool | None] = {0: False, 1: True, None: None}


class SQLiteFloat(TypeDecorator[float]):
    """Floats on SQLite, which returns a whole number as an integer right after storing it.

    Texts are not floats, even if Python could convert them: SQL sorts them after all numbers.
    """

    impl = Float
    cache_ok = True

    def process_result_value(self, value: Any, _dialect: Dialect) -> float | None:
        if value is None or isinstance(value, float):
            return value
        if not isinstance(value, int) or (number := float(value)) != value:
            raise ValueError("it is no float")
        return number


class SQLiteDecimal(TypeDecorator[Decimal]):
    """Decimals on SQLite, stored as 64-bit floats, or as integers if they are whole.

    Args:
        scale: Decimal places to round to; None to keep all.
    """

    impl = Float
    cache_ok = True

    def __init__(self, scale: int | None = None) -> None:
        super().__init__()
        self.scale = scale

    def bind_processor(self, _dialect: Dialect) -> Callable[[Any], float | None]:
        return _write_number

    def process_result_value(self, value: float | None, _dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        exact = _read_number(value)
        if self.scale is None:
            return write_out(exact)
        kept = exact.quantize(Decimal(1).scaleb(-self.scale), context=EXACT)
        if kept != exact:
            raise ValueError("it has more digits than its column keeps")
        return kept


def _write_number(value: Decimal | float | None) -> float | None:
    if value is None or not Decimal(value).is_finite():
        return None if value is None else float(value)
    # No stored value equals a number beyond the range of floats; the order remains right.
    number = max(-sys.float_info.max, min(sys.float_info.max, float(value)))
    if not -_WIDE < number < _WIDE and abs(number) <= _WIDEST and value == (whole := int(value)):
        return whole if MIN_INT64 <= whole <= MAX_INT64 else number
    return number if number or not value else math.copysign(_LEAST_FLOAT, value)


def _read_number(value: float) -> Decimal:
    if -_WIDE < value < _WIDE:  # fails for a text, which is not a number
        # A zero may have a sign if a remainder below it was rounded away; other databases have
        # none.
        return Decimal(repr(value or 0))
    return Decimal(int(value) if abs(value) < _WIDEST else repr(value))


_WIDE, _WIDEST = float(2**53), float(2**63)
"""Bounds of the integers on SQLite that may equal no float."""


_LEAST_FLOAT = math.ulp(0.0)


class AsStored(UserDefinedType[Any]):
    """Value on SQLite that is bound as it is, whatever it is compared with."""

    cache_ok = True


class SQLiteList(TypeDecorator[Sequence[Any]]):
    """List of values as one JSON text, for `json_each`.

    Args:
        item: The type of its values.
        spell: Returns the spellings of a value, if it can have several.
    """

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any], spell: Spell | None = None) -> None:
        super().__init__()
        self.item = item
        self.spell = spell

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        convert = _to_json(self.item, dialect)
        spell = self.spell

        def process(values: Any) -> str | None:
            if values is None:
                return None
            items = list(values) if convert is None else [convert(v) for v in values]
            return write_json(items if spell is None else [t for i in items for t in spell(i)])

        return process


class SQLiteRows(TypeDecorator[Sequence[Sequence[Any]]]):
    """Rows of values as one JSON text of arrays, for `json_each`.

    Args:
        columns: The types of their columns.
    """

    impl = Text
    cache_ok = True

    def __init__(self, *columns: TypeEngine[Any]) -> None:
        super().__init__()
        self.columns = columns

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        converts = [_to_json(column, dialect) for column in self.columns]

        def process(rows: Any) -> str | None:
            if not rows:
                return None if rows is None else "[]"
            columns = zip(*rows, strict=True)
            written = [
                column if convert is None else map(convert, column)
                for convert, column in zip(converts, columns, strict=True)
            ]
            return write_json(list(zip(*written, strict=True)))

        return process


def _to_json(sql_type: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return the conversion of values to what SQLite stores, in JSON types; bytes become hex
    digits."""
    if isinstance(storage_type(sql_type), LargeBinary):
        return lambda value: None if value is None else value.hex().upper()
    if isinstance(sql_type, (Boolean, SQLiteBoolean)):
        return None  # JSON has booleans
    return sql_type.dialect_impl(dialect).bind_processor(dialect)


def sqlite_type(sql_type: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type under which values of a type are written and read on SQLite."""
    if isinstance(sql_type, (sqlite.DATETIME, sqlite.DATE, sqlite.TIME)):
        return sql_type  # it has its own format
    if isinstance(sql_type, UTCDateTime):
        return SQLiteInstant()
    if isinstance(sql_type, DateTime):
        return SQLiteInstant() if sql_type.timezone else SQLiteDateTime()
    if isinstance(sql_type, Date):
        return SQLiteDate()
    if isinstance(sql_type, Time):
        return SQLiteClock() if sql_type.timezone else SQLiteTime()
    if isinstance(sql_type, Boolean):
        return SQLiteBoolean()
    if isinstance(sql_type, Float):
        return SQLiteFloat()
    return SQLiteDecimal(scale_of(sql_type)) if isinstance(sql_type, Numeric) else sql_type
