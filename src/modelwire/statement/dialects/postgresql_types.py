"""SQL types for lossless transfer of values between Python and PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CHAR,
    REAL,
    BindParameter,
    Boolean,
    ColumnElement,
    DateTime,
    Double,
    Float,
    Integer,
    Numeric,
    String,
    Text,
    Time,
    cast,
)
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from ...catalog.domain import is_short_float
from ...catalog.kinds import scale_of, storage_type, time_in_utc
from ...compat.sqlmodel import UTCDateTime
from ..compiled import binder_of
from ..exact_numbers import write_out
from ..four_byte_floats import place_among_reals, shorten
from ..json_text import write_json
from ..vectors import VectorText


class PostgreSQLInstant(UTCDateTime):
    """Datetimes on PostgreSQL: asyncpg returns them in UTC, except for the first and the last."""

    cache_ok = True

    def bind_processor(self, _dialect: Dialect) -> Callable[[Any], Any]:
        def process(value: dt.datetime | None) -> dt.datetime | None:
            if value is None or value.tzinfo is dt.UTC:
                return value
            return UTCDateTime.process_bind_param(self, value, _dialect)

        return process

    @staticmethod
    def needs_decoding(rows: Sequence[Sequence[Any]], position: int) -> bool:
        """Whether any row, as the driver returns it, has a value without an offset at a
        position."""
        # A list comprehension is faster than a generator here.
        return not all([(v := row[position]) is None or v.tzinfo for row in rows])  # noqa: C419


class PostgreSQLClock(TypeDecorator[dt.time]):
    """Times with an offset: PostgreSQL considers them equal only if their offsets are."""

    impl = Time(timezone=True)
    cache_ok = True

    def bind_processor(self, _dialect: Dialect) -> Callable[[Any], Any]:
        return _to_utc

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        return _to_utc


def _to_utc(value: dt.time | None) -> dt.time | None:
    return None if value is None else time_in_utc(value)


class PostgreSQLDecimal(TypeDecorator[Decimal]):
    """Decimals without a scale on PostgreSQL, which keeps trailing zeros; the driver returns zeros
    before the point as an exponent."""

    impl = Numeric
    cache_ok = True

    def process_result_value(self, value: Decimal | None, _dialect: Dialect) -> Decimal | None:
        return None if value is None else write_out(value)


class PostgreSQLReal(TypeDecorator[float]):
    """Four-byte floats on PostgreSQL, as the shortest texts that distinguish them."""

    impl = REAL
    cache_ok = True

    def process_result_value(self, value: float | None, _dialect: Dialect) -> float | None:
        return None if value is None else shorten(value)


class PostgreSQLRealOperand(TypeDecorator[float]):
    """Number that is compared with four-byte floats, as it compares with their texts."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, _dialect: Dialect) -> float | None:
        return None if value is None else place_among_reals(value)


class PostgreSQLVector(VectorText):
    """Vectors on PostgreSQL, which needs an explicit cast from text.

    Args:
        own: The column's own type.
    """

    cache_ok = True

    def __init__(self, own: TypeEngine[Any]) -> None:
        super().__init__()
        self.own = own

    def bind_expression(self, bindvalue: BindParameter[Any]) -> ColumnElement[Any]:
        return cast(bindvalue, self.own)


class PostgreSQLChar(TypeDecorator[str]):
    """Fixed-length texts on PostgreSQL, which pads them with insignificant spaces (manual,
    Character Types).

    Args:
        length: The length.
    """

    impl = CHAR
    cache_ok = True

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else value.rstrip(" ")


class PostgreSQLList(TypeDecorator[Sequence[Any]]):
    """List of texts, integers or booleans as the text of an array (PostgreSQL manual, 8.15.2).

    The driver would check each item of an array against three abstract classes, to see whether it
    is an array itself, which takes longer than all its other work for the item.

    Args:
        item: The type of its values.
    """

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    @staticmethod
    def can_hold(item: TypeEngine[Any]) -> bool:
        """Whether values of a type have a lossless text that is cheap to write."""
        stored = storage_type(item)
        return isinstance(stored, (String, Integer, Boolean)) and not isinstance(stored, SQLEnum)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        convert = binder_of(self.item, dialect)

        def process(values: Any) -> str | None:
            if values is None:
                return None
            return _write_array(values if convert is None else [*map(convert, values)])

        return process


def _write_array(values: Sequence[str | int | None]) -> str:
    # Except for its brackets and for escaped characters, a JSON array has the same syntax.
    text = write_json(values)
    if "\\" in text:
        text = f"[{','.join(map(_write_item, values))}]"
    return f"{{{text[1:-1]}}}"


def _write_item(value: str | int | None) -> str:
    if not isinstance(value, str):
        return write_json(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def postgresql_type(sql_type: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type under which values of a type are written and read on PostgreSQL."""
    if isinstance(sql_type, UTCDateTime):
        return PostgreSQLInstant()
    if type(sql_type) is DateTime and sql_type.timezone:
        return PostgreSQLInstant()
    if isinstance(sql_type, Time) and sql_type.timezone:
        return PostgreSQLClock()
    if isinstance(sql_type, CHAR):
        return PostgreSQLChar(sql_type.length)
    if is_short_float(sql_type):
        return PostgreSQLReal()
    if isinstance(sql_type, Float) or not isinstance(sql_type, Numeric):
        return sql_type
    if not scale_of(sql_type):
        return PostgreSQLDecimal()
    return sql_type if sql_type.asdecimal else Numeric(sql_type.precision, sql_type.scale)
