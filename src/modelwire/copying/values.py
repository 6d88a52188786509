"""Types that carry values between databases without loss, and the form in which they compare."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Float,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    String,
    Text,
    Time,
    Uuid,
    cast,
)
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.engine import Dialect
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from ..catalog.domain import EXACT
from ..catalog.kinds import is_decorated, type_on
from ..statement.dialects.known import DIALECTS
from ..statement.types import wire_type

Row = Sequence[Any]
Convert = Callable[[Any], Any]


class AsText(TypeDecorator[str]):
    """Values as text, which the database renders and reads without loss.

    Args:
        own: The column's own type.
    """

    impl = Text
    cache_ok = False

    def __init__(self, own: TypeEngine[Any]) -> None:
        super().__init__()
        self.own = own

    def bind_expression(self, bindvalue: Any) -> ColumnElement[Any]:
        return cast(bindvalue, self.own)

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return cast(column, Text())


class SQLiteDocument(TypeDecorator[str]):
    """JSON documents as the text that SQLite stores, which it gives as numbers for numbers."""

    impl = NullType
    cache_ok = True

    def process_result_value(self, value: Any, _dialect: Dialect) -> str | None:
        return value if value is None or isinstance(value, str) else json.dumps(value)


_UNCHANGED = (Integer, String, Boolean, LargeBinary)
"""Types whose values the drivers carry without loss."""

_FAMILIES = (
    Boolean,
    SQLEnum,
    Uuid,
    Interval,
    DateTime,
    Date,
    Time,
    JSON,
    Integer,
    Float,
    Numeric,
    LargeBinary,
    String,
)
"""Types whose values are alike on all databases; enums are strings too, and floats numbers."""


def types_of(
    column: Column[Any], source: Dialect, target: Dialect
) -> tuple[TypeEngine[Any], TypeEngine[Any]]:
    """Choose the types under which a column is read and written.

    Between databases of one kind, values go as they are stored; between others, as Python values.
    The conversion of an application's own type is left out where both store the same, so that
    nothing is hashed or encrypted twice.

    Args:
        column: The column.
        source: The dialect of the source.
        target: The dialect of the target.
    """
    own = type_on(column, source.name), type_on(column, target.name)
    stored = _stored_type(own[0], source), _stored_type(own[1], target)
    if all(isinstance(each, JSON) for each in stored):
        return _document(stored[0], source), _document(stored[1], target)
    if source.name == target.name:
        kept = _as_stored(stored[0], source)
        return kept, kept
    if any(map(is_decorated, own)) and _family_of(stored[0]) == _family_of(stored[1]) is not None:
        own = stored
    return wire_type(own[0], DIALECTS[source.name]), wire_type(own[1], DIALECTS[target.name])


def _stored_type(sql_type: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    while is_decorated(sql_type):
        decorator: Any = sql_type
        sql_type = decorator.load_dialect_impl(dialect)
    return sql_type


def _family_of(sql_type: TypeEngine[Any]) -> type | None:
    return next((family for family in _FAMILIES if isinstance(sql_type, family)), None)


def _document(sql_type: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    """Return the type that carries documents as text: Python would make floats of numbers."""
    return AsText(sql_type) if DIALECTS[dialect.name].has_own_types else SQLiteDocument()


def _as_stored(sql_type: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    if not DIALECTS[dialect.name].has_own_types:
        return NullType()
    is_plain = isinstance(sql_type, _UNCHANGED) and not isinstance(sql_type, SQLEnum)
    return sql_type if is_plain else AsText(sql_type)


class Canon:
    """Conversion to canonical values, in which rows of different databases compare.

    Args:
        types: The types under which their columns are read, in order.
    """

    def __init__(self, types: Sequence[TypeEngine[Any]]) -> None:
        self._converters = [
            (place, convert)
            for place, sql_type in enumerate(types)
            if (convert := _converter_of(sql_type)) is not None
        ]

    def of(self, row: Row) -> tuple[Any, ...]:
        """Return the values of a row in canonical form."""
        values = list(row)
        for place, convert in self._converters:
            if values[place] is not None:
                values[place] = convert(values[place])
        return tuple(values)


def digest(values: Sequence[Any]) -> int:
    """Return a number of 128 bits that identifies a row in canonical form."""
    text = repr(values).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=16).digest(), "big")


def total(digests: Iterable[int]) -> int:
    """Return the checksum of rows, whatever their order."""
    return sum(digests) % (1 << 128)


def _converter_of(sql_type: TypeEngine[Any]) -> Convert | None:
    if isinstance(sql_type, SQLiteDocument):
        return _canonical_document
    if isinstance(sql_type, AsText):
        return _canonical_document if isinstance(sql_type.own, JSON) else None
    if isinstance(sql_type, NullType):
        return _canonical_stored
    if isinstance(sql_type, _UNCHANGED) and not isinstance(sql_type, SQLEnum):
        return None
    return canonical


def canonical(value: Any) -> Any:
    """Return the canonical form of a value, whichever database has spelled it."""
    convert = _BY_CLASS.get(type(value))
    if convert is not None:
        return convert(value)
    return next((to for cls, to in _BY_CLASS.items() if isinstance(value, cls)), _as_is)(value)


def _as_is(value: Any) -> Any:
    return value


def _canonical_float(value: float) -> float:
    return value + 0.0  # zero has no sign: SQLite keeps none


def _canonical_stored(value: Any) -> Any:
    """Return a value of SQLite's, which stores whole numbers in float columns as integers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _canonical_decimal(value: Decimal) -> str:
    return str(value.normalize(EXACT)) if value else "0"


def _canonical_instant(value: dt.datetime) -> dt.datetime:
    return value if value.tzinfo is None else value.astimezone(dt.UTC)


def _canonical_document(text: Any) -> Any:
    return canonical(json.loads(text, parse_float=Decimal, parse_int=Decimal))


def _canonical_object(value: Mapping[Any, Any]) -> Any:
    return {name: canonical(value[name]) for name in sorted(value)}


_BY_CLASS: Mapping[type, Convert] = {
    bool: _as_is,
    Enum: lambda value: value.name,
    str: str,
    int: int,
    float: _canonical_float,
    Decimal: _canonical_decimal,
    dt.datetime: _canonical_instant,
    memoryview: bytes,
    dict: _canonical_object,
    list: lambda values: [*map(canonical, values)],
    tuple: lambda values: [*map(canonical, values)],
}
