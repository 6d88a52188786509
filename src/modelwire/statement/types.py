"""SQL types that carry values whole between Python and each database."""

from __future__ import annotations

import datetime as dt
import math
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Double,
    Enum,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from ..catalog.domain import EXACT
from ..catalog.kinds import storage_type
from .compiled import binder_of


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

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        parse: Any = DateTime().dialect_impl(dialect).result_processor(dialect, coltype)

        def process(text: str | None) -> dt.datetime | None:
            if text is None:
                return None
            try:
                # Read with its offset at once it takes a fifth of what it takes to set that later.
                return dt.datetime.fromisoformat(f"{text}+00:00")
            except ValueError:
                value: dt.datetime = parse(text)  # some other program has written it
                return value.replace(tzinfo=dt.UTC)

        return process


class SQLiteFloat(TypeDecorator[float]):
    """Floats on SQLite, which hands a whole number that it has just stored back as an integer."""

    impl = Float
    cache_ok = True

    def process_result_value(self, value: float | None, _dialect: Dialect) -> float | None:
        return None if value is None else float(value)


class SQLiteDecimal(TypeDecorator[Decimal]):
    """Decimals on SQLite, which stores them as 64-bit floats.

    Args:
        scale: Digits after the point that are shown; as many as there are, if None.
    """

    impl = Float
    cache_ok = True

    def __init__(self, scale: int | None = None) -> None:
        super().__init__()
        self.scale = scale

    def process_bind_param(self, value: Decimal | None, _dialect: Dialect) -> float | None:
        if value is None:
            return None
        # Beyond a float's range there is no stored value to be equal to; the order stays right.
        number = max(-sys.float_info.max, min(sys.float_info.max, float(value)))
        return number if number or not value else math.copysign(_LEAST_FLOAT, value)

    def process_result_value(self, value: float | None, _dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        exact = Decimal(repr(value))
        if self.scale is not None:
            return exact.quantize(Decimal(1).scaleb(-self.scale), context=EXACT)
        return _write_out(exact)


_LEAST_FLOAT = math.ulp(0.0)


class PostgreSQLDecimal(TypeDecorator[Decimal]):
    """Decimals without a scale on PostgreSQL, which keeps zeros at their end; of those before the
    point, the driver makes an exponent."""

    impl = Numeric
    cache_ok = True

    def process_result_value(self, value: Decimal | None, _dialect: Dialect) -> Decimal | None:
        return None if value is None else _write_out(value)


def _write_out(value: Decimal) -> Decimal:
    """A number without zeros behind its last digit after the point, and without an exponent."""
    if not value.is_finite():
        return value
    whole = value.to_integral_value()
    return whole.quantize(_ONE, context=EXACT) if value == whole else value.normalize(EXACT)


_ONE = Decimal(1)


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
        return isinstance(stored, (String, Integer, Boolean)) and not isinstance(stored, Enum)

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
    """

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        convert = _to_json(self.item, dialect)

        def process(values: Any) -> str | None:
            if values is None:
                return None
            return _write_json(list(values) if convert is None else [convert(v) for v in values])

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
    if type(sql_type) is Boolean:
        return None  # in JSON it is one
    return sql_type.dialect_impl(dialect).bind_processor(dialect)


def wire_type(sql_type: TypeEngine[Any], dialect: str) -> TypeEngine[Any]:
    """The type under which a column's values are written and read.

    Args:
        sql_type: The column's own type.
        dialect: `sqlite` or `postgresql`.

    Returns:
        The column's own type, or one that loses nothing where that does.
    """
    if type(sql_type) is UTCDateTime or (type(sql_type) is DateTime and sql_type.timezone):
        return PostgreSQLInstant() if dialect == "postgresql" else SQLiteInstant()
    if isinstance(sql_type, Numeric) and _is_decimal(sql_type):
        if dialect == "sqlite":
            return SQLiteDecimal(sql_type.scale)
        if not sql_type.scale:
            return PostgreSQLDecimal()
    if dialect == "sqlite" and isinstance(sql_type, Float):
        return SQLiteFloat()
    if isinstance(sql_type, JSON) and not sql_type.none_as_null:
        null_is_null = sql_type.copy()
        null_is_null.none_as_null = True
        return null_is_null
    return sql_type


def operand_type(sql_type: TypeEngine[Any], dialect: str) -> TypeEngine[Any]:
    """The type of a value that is compared with a column: as wide as values come.

    Args:
        sql_type: The column's own type.
        dialect: `sqlite` or `postgresql`.

    Returns:
        The type.
    """
    if isinstance(sql_type, Integer):
        return BigInteger()
    if isinstance(sql_type, AutoString) or type(sql_type) is String:
        return Text()
    if _is_decimal(sql_type):
        return SQLiteDecimal() if dialect == "sqlite" else Numeric()
    if isinstance(sql_type, Float) and dialect == "postgresql":
        return Double()
    return wire_type(sql_type, dialect)


def _is_decimal(sql_type: TypeEngine[Any]) -> bool:
    return isinstance(sql_type, Numeric) and not isinstance(sql_type, Float) and sql_type.asdecimal
