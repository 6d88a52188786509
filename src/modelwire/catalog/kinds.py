"""Kinds of values, as far as the wire tells them apart."""

from __future__ import annotations

import datetime as dt
import operator
import types
import uuid
from decimal import Decimal
from enum import Enum, StrEnum
from functools import reduce
from typing import Annotated, Any, Union, get_args, get_origin

from sqlalchemy import JSON, DateTime, Interval
from sqlalchemy.types import TypeDecorator, TypeEngine


class Kind(StrEnum):
    """The kind of a field's values: how it is parsed from a query and compared."""

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
    OTHER = "other"

    @property
    def noun(self) -> str:
        """What one value is called: `an integer`, `a UUID`."""
        return f"{'an' if self in ('integer', 'enum', 'interval', 'other') else 'a'} {self}"


NUMBERS = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL})
TIMES = frozenset({Kind.DATETIME, Kind.DATE, Kind.TIME, Kind.INTERVAL})
ORDERED = NUMBERS | TIMES | {Kind.TEXT}
SORTABLE = frozenset(Kind) - {Kind.JSON, Kind.OTHER}
COMPARABLE = SORTABLE

# Subclasses stand before their base classes: bool is an int, datetime is a date.
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
    """Take `None` out of a union: `int | None` is `int`."""
    if get_origin(annotation) in (Union, types.UnionType):
        members = [arg for arg in get_args(annotation) if arg is not type(None)]
        return reduce(operator.or_, members) if members else annotation
    return annotation


def bare_class(annotation: Any) -> type | None:
    """The class behind an annotation, without `None`, `Annotated` and type arguments."""
    annotation = strip_optional(annotation)
    if get_origin(annotation) is Annotated:
        return bare_class(get_args(annotation)[0])
    origin = get_origin(annotation)
    candidate = origin or annotation
    return candidate if isinstance(candidate, type) else None


def storage_type(sql_type: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type that the database stores, below any decorators; an interval is one itself."""
    while isinstance(sql_type, TypeDecorator) and not isinstance(sql_type, Interval):
        sql_type = sql_type.impl_instance
    return sql_type


def kind_of(annotation: Any, sql_type: TypeEngine[Any]) -> Kind:
    """Tell the kind of a field from its annotation and its column's type."""
    stored = storage_type(sql_type)
    if isinstance(stored, JSON):
        return Kind.JSON
    if isinstance(stored, DateTime):
        return Kind.DATETIME
    cls = bare_class(annotation)
    by_class = (kind for base, kind in _BY_CLASS if cls is not None and issubclass(cls, base))
    kind = next(by_class, None)
    if kind is not None and kind is not Kind.JSON:
        return kind
    return _kind_of_storage(stored)


def _kind_of_storage(stored: TypeEngine[Any]) -> Kind:
    try:
        python_type = stored.python_type
    except NotImplementedError:
        return Kind.OTHER
    return next((kind for base, kind in _BY_CLASS if issubclass(python_type, base)), Kind.OTHER)
