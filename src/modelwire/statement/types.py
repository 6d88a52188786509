"""SQL types that carry values whole between Python and each database."""

from __future__ import annotations

import datetime as dt
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    CHAR,
    JSON,
    REAL,
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Text,
    Time,
    Uuid,
    cast,
)
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from ..catalog.domain import EXACT, MAX_INT64, MIN_INT64, is_short_float
from ..catalog.kinds import is_decorated, scale_of, storage_type
from ..catalog.vectors import is_vector
from ..compat.sqlmodel import AutoString, UTCDateTime
from .clocks import read_clock, read_day, read_instant, read_naive
from .compiled import binder_of
from .dialect import SQLDialect
from .exact import write_out
from .reals import place_among_reals, shorten
from .spelled import Spell, SpelledEnum, SpelledUuid, is_native


class PostgreSQLInstant(UTCDateTime):
    """Instants on PostgreSQL, which asyncpg gives in UTC; all but the first and the last one."""

    cache_ok = True

    def bind_processor(self, _dialect: Dialect) -> Callable[[Any], Any]:
        def process(value: dt.datetime | None) -> dt.datetime | None:
            if value is None or value.tzinfo is dt.UTC:
                return value
            return UTCDateTime.process_bind_param(self, value, _dialect)

        return process

    @staticmethod
    def needs_decoding(rows: Sequence[Sequence[Any]], position: int) -> bool:
        """Whether rows, as the driver gives them, have a value at a position without an offset."""
        # A list is done sooner than a generator.
        return not all([(v := row[position]) is None or v.tzinfo for row in rows])  # noqa: C419


class SQLiteInstant(UTCDateTime):
    """Instants on SQLite, which stores them in UTC, without saying so."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        write: Any = super().bind_processor(dialect)

        def process(value: dt.datetime | None) -> Any:
            if value is None or value.tzinfo is not dt.UTC:
                return write(value)
            # What SQLAlchemy would write, in one step.
            return value.isoformat(" ", "microseconds")[:26]

        return process

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        return read_instant


class SQLiteDateTime(TypeDecorator[dt.datetime]):
    """Dates and times without an offset on SQLite."""

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


class SQLiteTime(TypeDecorator[dt.time]):
    """Times on SQLite."""

    impl = Time
    cache_ok = True

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        return read_clock


class SQLiteBoolean(TypeDecorator[bool]):
    """Booleans on SQLite, of which other programs have other spellings."""

    impl = Boolean
    cache_ok = True

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        return _BOOLEANS.__getitem__


_BOOLEANS: Mapping[Any, bool | None] = {0: False, 1: True, None: None}


class SQLiteFloat(TypeDecorator[float]):
    """Floats on SQLite, which hands a whole number that it has just stored back as an integer.

    Texts are none, whatever Python would make of them: SQL orders them behind all numbers.
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
    """Decimals on SQLite, which stores them as 64-bit floats, or as integers where they are whole.

    Args:
        scale: Digits after the point that are kept; as many as there are, if None.
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
    # Beyond a float's range there is no stored value to be equal to; the order stays right.
    number = max(-sys.float_info.max, min(sys.float_info.max, float(value)))
    if not -_WIDE < number < _WIDE and abs(number) <= _WIDEST and value == (whole := int(value)):
        return whole if MIN_INT64 <= whole <= MAX_INT64 else number
    return number if number or not value else math.copysign(_LEAST_FLOAT, value)


def _read_number(value: float) -> Decimal:
    if -_WIDE < value < _WIDE:  # a text can't be compared, and is no number
        # Zero has a sign where a rest below it was rounded away; no other database has it.
        return Decimal(repr(value or 0))
    return Decimal(int(value) if abs(value) < _WIDEST else repr(value))


_WIDE, _WIDEST = float(2**53), float(2**63)
"""From where on SQLite has integers that no float is equal to, and up to where."""

_LEAST_FLOAT = math.ulp(0.0)


class PostgreSQLDecimal(TypeDecorator[Decimal]):
    """Decimals without a scale on PostgreSQL, which keeps zeros at their end; of those before the
    point, the driver makes an exponent."""

    impl = Numeric
    cache_ok = True

    def process_result_value(self, value: Decimal | None, _dialect: Dialect) -> Decimal | None:
        return None if value is None else write_out(value)


def spell_decimal(value: Decimal, sql_type: TypeEngine[Any]) -> Decimal:
    """A number as it is read of a column, with as many digits after the point.

    Args:
        value: The number, as the ORM or a program has it.
        sql_type: The column's type.
    """
    scale = scale_of(sql_type)
    if scale is None or not value.is_finite():
        return write_out(value)
    return value.quantize(Decimal(1).scaleb(-scale), context=EXACT)


class PostgreSQLReal(TypeDecorator[float]):
    """Floats of four bytes on PostgreSQL, by the shortest text that tells each from all others."""

    impl = REAL
    cache_ok = True

    def process_result_value(self, value: float | None, _dialect: Dialect) -> float | None:
        return None if value is None else shorten(value)


class PostgreSQLRealOperand(TypeDecorator[float]):
    """A number that is compared with such floats, as it is with their texts."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, _dialect: Dialect) -> float | None:
        return None if value is None else place_among_reals(value)


class AsStored(UserDefinedType[Any]):
    """A value of SQLite's as it is, whatever it is compared with."""

    cache_ok = True


class VectorText(TypeDecorator[Sequence[float]]):
    """Vectors as their text, which is that of an array in JSON (pgvector, Reference)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[float] | None, _dialect: Dialect) -> str | None:
        return None if value is None else _write_json([float(number) for number in value])

    def process_result_value(self, value: Any, _dialect: Dialect) -> list[float] | None:
        return msgspec.json.decode(value, type=list[float]) if value is not None else None


class PostgreSQLVector(VectorText):
    """The same on PostgreSQL, which casts a text to a vector only if told so.

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
    """Texts of a fixed length on PostgreSQL, which pads them with spaces that mean nothing (manual,
    Character Types).

    Args:
        length: The length.
    """

    impl = CHAR
    cache_ok = True

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else value.rstrip(" ")


class PostgreSQLList(TypeDecorator[Sequence[Any]]):
    """A list of texts, integers or booleans as the text of an array (PostgreSQL manual, 8.15.2).

    The driver would look at each item of an array with three abstract classes, to see whether it
    is an array itself, which takes longer than all else that it does for the item.

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
        """Whether values of a type have a text that loses nothing and is made at once."""
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
    # But for its brackets and for escaped characters, an array in JSON reads the same.
    text = _write_json(values)
    if "\\" in text:
        text = f"[{','.join(map(_write_item, values))}]"
    return f"{{{text[1:-1]}}}"


def _write_item(value: str | int | None) -> str:
    if not isinstance(value, str):
        return _write_json(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class SQLiteList(TypeDecorator[Sequence[Any]]):
    """A list of values as one JSON text, for `json_each`.

    Args:
        item: The type of its values.
        spell: Gives the spellings of each, where there are several.
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
            return _write_json(items if spell is None else [t for i in items for t in spell(i)])

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
            return _write_json(list(zip(*written, strict=True)))

        return process


def _write_json(value: Any) -> str:
    return _encoder.encode(value).decode()


_encoder = msgspec.json.Encoder()


def _to_json(sql_type: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """How a value becomes what SQLite stores, in JSON's types; bytes become their hex digits."""
    if isinstance(storage_type(sql_type), LargeBinary):
        return lambda value: None if value is None else value.hex().upper()
    if isinstance(sql_type, (Boolean, SQLiteBoolean)):
        return None  # in JSON it is one
    return sql_type.dialect_impl(dialect).bind_processor(dialect)


def wire_type(sql_type: TypeEngine[Any], dialect: SQLDialect) -> TypeEngine[Any]:
    """The type under which a column's values are written and read.

    Args:
        sql_type: The column's own type.
        dialect: The database's dialect.

    Returns:
        The column's own type, or one that loses nothing where that does.
    """
    if is_decorated(sql_type):
        return sql_type
    if is_vector(sql_type):
        return dialect.vector_type(sql_type)
    if isinstance(sql_type, JSON) and not sql_type.none_as_null:
        null_is_null = sql_type.copy()
        null_is_null.none_as_null = True
        return null_is_null
    if isinstance(sql_type, ARRAY):
        item = wire_type(sql_type.item_type, dialect)
        return sql_type if item is sql_type.item_type else _with_items(sql_type, item)
    if isinstance(sql_type, (SQLEnum, Uuid)):
        return _spelled_type(sql_type, dialect)
    return dialect.wire_type(sql_type)


def _spelled_type(sql_type: SQLEnum | Uuid[Any], dialect: SQLDialect) -> TypeEngine[Any]:
    if is_native(sql_type, dialect):
        return sql_type
    if isinstance(sql_type, SQLEnum):
        return SpelledEnum(sql_type)
    return SpelledUuid() if sql_type.as_uuid else sql_type


def _with_items(array: ARRAY[Any], item: TypeEngine[Any]) -> TypeEngine[Any]:
    return ARRAY(item, dimensions=array.dimensions)


def sqlite_type(sql_type: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type under which SQLite's values of a type are written and read."""
    if isinstance(sql_type, (sqlite.DATETIME, sqlite.DATE, sqlite.TIME)):
        return sql_type  # it has a format of its own
    if isinstance(sql_type, UTCDateTime):
        return SQLiteInstant()
    if isinstance(sql_type, DateTime):
        return SQLiteInstant() if sql_type.timezone else SQLiteDateTime()
    if isinstance(sql_type, Date):
        return SQLiteDate()
    if isinstance(sql_type, Time):
        return SQLiteTime()
    if isinstance(sql_type, Boolean):
        return SQLiteBoolean()
    if isinstance(sql_type, Float):
        return SQLiteFloat()
    return SQLiteDecimal(scale_of(sql_type)) if isinstance(sql_type, Numeric) else sql_type


def postgresql_type(sql_type: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type under which PostgreSQL's values of a type are written and read."""
    if isinstance(sql_type, UTCDateTime):
        return PostgreSQLInstant()
    if type(sql_type) is DateTime and sql_type.timezone:
        return PostgreSQLInstant()
    if isinstance(sql_type, CHAR):
        return PostgreSQLChar(sql_type.length)
    if is_short_float(sql_type):
        return PostgreSQLReal()
    if isinstance(sql_type, Float) or not isinstance(sql_type, Numeric):
        return sql_type
    if not scale_of(sql_type):
        return PostgreSQLDecimal()
    return sql_type if sql_type.asdecimal else Numeric(sql_type.precision, sql_type.scale)


def operand_type(sql_type: TypeEngine[Any], dialect: SQLDialect) -> TypeEngine[Any]:
    """The type of a value that is compared with a column: as wide as values come.

    Args:
        sql_type: The column's own type.
        dialect: The database's dialect.

    Returns:
        The type.
    """
    if is_decorated(sql_type):
        return sql_type
    if isinstance(sql_type, Integer):
        return BigInteger()
    if isinstance(sql_type, AutoString) or type(sql_type) is String:
        return Text()
    if isinstance(sql_type, Float):
        return dialect.float_operand(sql_type)
    if isinstance(sql_type, Numeric):
        return dialect.decimal_operand()
    return wire_type(sql_type, dialect)
