"""Kinds of values, as far as they differ on the wire."""

from __future__ import annotations

import datetime as dt
import operator
import types
import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum, StrEnum
from functools import lru_cache, reduce
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from sqlalchemy import (
    ARRAY,
    CHAR,
    JSON,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Float,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    String,
    Time,
    Uuid,
)
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.dialects.postgresql import CIDR, CITEXT, INET, INTERVAL, MACADDR, MACADDR8
from sqlalchemy.types import TypeDecorator, TypeEngine

from ..access.attributes import CONSTRAINED_TIMES
from ..compat.sqlalchemy import variants_of
from ..compat.sqlmodel import AutoString, UTCDateTime


class Kind(StrEnum):
    """Kind of a field's values, which determines how they are parsed from a query and compared.

    A part of a document in a JSON column may also be any `VALUE`, or a `LIST` of values.
    """

    INTEGER = "integer"
    FLOAT = "number"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    TEXT = "text"
    UUID = "UUID"
    ENUM = "enum"
    DATETIME = "datetime"
    DATE = "date"
    TIME = "time"
    INTERVAL = "interval"
    BYTES = "bytes"
    JSON = "JSON"
    VALUE = "JSON value"
    LIST = "array"
    OTHER = "other"

    @property
    def noun(self) -> str:
        """The kind as a noun with its article: `an integer`, `a UUID`."""
        return (
            f"{'an' if self in ('integer', 'enum', 'interval', 'array', 'other') else 'a'} {self}"
        )


NUMBERS = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL})
TIMES = frozenset({Kind.DATETIME, Kind.DATE, Kind.TIME, Kind.INTERVAL})
ORDERED = NUMBERS | TIMES | {Kind.TEXT}
SORTABLE = frozenset(Kind) - {Kind.JSON, Kind.LIST, Kind.OTHER}
COMPARABLE = SORTABLE

# Subclasses come before their base classes: bool is an int, datetime is a date.
_BY_CLASS: tuple[tuple[type, Kind], ...] = (
    (Enum, Kind.ENUM),
    (bool, Kind.BOOLEAN),
    (int, Kind.INTEGER),
    (float, Kind.FLOAT),
    (Decimal, Kind.DECIMAL),
    (str, Kind.TEXT),
    (bytes, Kind.BYTES),
    (uuid.UUID, Kind.UUID),
    (dt.datetime, Kind.DATETIME),
    (dt.date, Kind.DATE),
    (dt.time, Kind.TIME),
    (dt.timedelta, Kind.INTERVAL),
    (dict, Kind.JSON),
    (list, Kind.JSON),
)


def strip_optional(annotation: Any) -> Any:
    """Remove `None` from a union: `int | None` becomes `int`."""
    if get_origin(annotation) in (Union, types.UnionType):
        members = [arg for arg in get_args(annotation) if arg is not type(None)]
        return reduce(operator.or_, members) if members else annotation
    return annotation


def map_arguments(annotation: Any, change: Callable[[Any], Any]) -> Any:
    """Return an annotation with its type arguments changed, except for those of a `Literal`.

    Args:
        annotation: The annotation, which is not `Annotated`.
        change: Returns the new argument for an old one.
    """
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return annotation
    changed = tuple(map(change, args))
    if changed == args:
        return annotation
    is_union = origin in (Union, types.UnionType)
    return reduce(operator.or_, changed) if is_union else origin[changed]


def bare_class(annotation: Any) -> type | None:
    """Return the class of an annotation, without `None`, `Annotated` and type arguments."""
    annotation = strip_optional(annotation)
    if get_origin(annotation) is Annotated:
        return bare_class(get_args(annotation)[0])
    for alias in ("__supertype__", "__value__"):  # of a NewType, and of `type Name = …`
        if alias in getattr(annotation, "__dict__", ()) or hasattr(type(annotation), alias):
            return bare_class(getattr(annotation, alias))
    origin = get_origin(annotation)
    candidate = origin or annotation
    return CONSTRAINED_TIMES.get(candidate, candidate) if isinstance(candidate, type) else None


def type_on(column: ColumnElement[Any], dialect: str | None) -> TypeEngine[Any]:
    """Return the type of a column on a database, which may be a variant.

    Args:
        column: The column.
        dialect: `sqlite` or `postgresql`; None for the type as it is declared.
    """
    sql_type = column.type
    return sql_type if dialect is None else variants_of(sql_type).get(dialect, sql_type)


def storage_type(sql_type: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type that the database stores, below any decorators; `Interval` counts as
    stored."""
    while isinstance(sql_type, TypeDecorator) and not isinstance(sql_type, Interval):
        sql_type = sql_type.impl_instance
    return sql_type


@lru_cache(maxsize=1024)
def has_offset(sql_type: TypeEngine[Any]) -> bool:
    """Whether a column stores datetimes or times with an offset, which are shown in UTC."""
    stored = storage_type(sql_type)
    return isinstance(stored, (DateTime, Time)) and stored.timezone


def time_in_utc(value: dt.time) -> dt.time:
    """Convert a time to UTC; one without an offset is in UTC already."""
    if value.tzinfo is None:
        return value.replace(tzinfo=dt.UTC)
    return dt.datetime.combine(dt.date(2000, 1, 2), value).astimezone(dt.UTC).timetz()


def moment_in_utc(value: dt.datetime) -> dt.datetime:
    """Convert a datetime to UTC; one without an offset is in UTC already."""
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def scale_of(sql_type: TypeEngine[Any]) -> int | None:
    """Return the number of decimal places that a column stores; None if it is unlimited."""
    stored = storage_type(sql_type)
    if not isinstance(stored, Numeric) or isinstance(stored, Float) or stored.precision is None:
        return None
    return stored.scale or 0


def has_own_equality(sql_type: TypeEngine[Any]) -> bool:
    """Whether a database may consider values equal that differ in Python: by a collation, or by the
    trailing spaces of a fixed length."""
    return any(map(_compares_otherwise, (sql_type, *variants_of(sql_type).values())))


def _compares_otherwise(sql_type: TypeEngine[Any]) -> bool:
    stored = storage_type(sql_type)
    collated = isinstance(stored, String) and stored.collation is not None
    return collated or isinstance(stored, (CHAR, CITEXT))


# Subclasses come before their base classes: an enum is a text, a float is a number.
_BY_SQL_TYPE: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
    (JSON, Kind.JSON),
    (ARRAY, Kind.JSON),
    (SQLEnum, Kind.ENUM),
    (Uuid, Kind.UUID),
    (Boolean, Kind.BOOLEAN),
    (DateTime, Kind.DATETIME),
    (Date, Kind.DATE),
    (Time, Kind.TIME),
    (Interval, Kind.INTERVAL),
    (INTERVAL, Kind.INTERVAL),
    (LargeBinary, Kind.BYTES),
    (Float, Kind.FLOAT),
    (Numeric, Kind.DECIMAL),
    (Integer, Kind.INTEGER),
    (String, Kind.TEXT),
    *((cls, Kind.TEXT) for cls in (INET, CIDR, MACADDR, MACADDR8)),
)

_ALIKE: Mapping[Kind, frozenset[Kind]] = {
    Kind.INTEGER: NUMBERS | {Kind.BOOLEAN, Kind.ENUM},
    Kind.FLOAT: NUMBERS | {Kind.BOOLEAN, Kind.ENUM},
    Kind.DECIMAL: NUMBERS | {Kind.BOOLEAN, Kind.ENUM},
    Kind.DATETIME: frozenset({Kind.DATETIME, Kind.DATE}),
    Kind.TEXT: frozenset({Kind.TEXT, Kind.ENUM, Kind.UUID}),
}
"""The kinds of annotations that may be stored as values of a column's kind: the database compares
the stored values as the annotation's kind is compared."""


def kind_of(annotation: Any, sql_type: TypeEngine[Any]) -> Kind:
    """Return the kind of a field: that of its annotation, if its column's type compares alike."""
    stored = stored_kind(sql_type)
    if is_secret(annotation):
        return Kind.OTHER
    meant = kind_of_class(bare_class(annotation))
    if stored is None or (is_decorated(sql_type) and stored is not Kind.JSON):
        # Only the annotation tells the kind of values that a decorated type returns.
        if meant is None and annotation not in (Any, object):
            meant = stored
        return meant or Kind.OTHER
    return meant if meant is not None and meant in _ALIKE.get(stored, ()) else stored


def stored_kind(sql_type: TypeEngine[Any]) -> Kind | None:
    """Return the kind that a column's type stores; None if it is unknown."""
    stored = storage_type(sql_type)
    return next((kind for base, kind in _BY_SQL_TYPE if isinstance(stored, base)), None)


def is_decorated(sql_type: TypeEngine[Any]) -> bool:
    """Whether a column's type is the user's own and converts values."""
    own = isinstance(sql_type, TypeDecorator)
    return own and not isinstance(sql_type, (AutoString, UTCDateTime, Interval))


def is_secret(annotation: Any) -> bool:
    """Whether values are wrapped so that they don't show, as in Pydantic's `SecretStr`."""
    return hasattr(bare_class(annotation), "get_secret_value")


def members_of(annotation: Any, sql_type: TypeEngine[Any]) -> Sequence[Enum | str]:
    """Return the members of an enum, in the order of declaration, from its field's annotation or
    else from its column's type."""
    cls = bare_class(annotation)
    if cls is not None and issubclass(cls, Enum):
        return tuple(cls)
    stored = storage_type(sql_type)
    if not isinstance(stored, SQLEnum):
        return ()
    return tuple(stored.enum_class or stored.enums)


def kind_of_class(cls: type | None) -> Kind | None:
    """Return the kind of a class's values; None if it is unknown."""
    found = (kind for base, kind in _BY_CLASS if cls is not None and issubclass(cls, base))
    return next(found, None)
