"""Lenient reading of columns on PostgreSQL: no stored value makes a read fail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Text, cast, func, literal_column, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine

from ...catalog.forms import form_of
from ...catalog.infinite_dates import read_date
from ...catalog.invalid_values import Octets, Unreadable
from ...catalog.kinds import Kind, stored_kind
from ..intervals import DAYS_OF_MONTH
from ..untyped import Convert, Lenient


def read_on_postgresql(
    column: ColumnElement[Any], own: TypeEngine[Any], wire: TypeEngine[Any]
) -> ColumnElement[Any]:
    """Return an expression for a column, all values of which the driver can decode."""
    if isinstance(wire, ARRAY):
        kind = stored_kind(wire.item_type)
        if kind is Kind.INTERVAL:
            return type_coerce(
                _ItemParts(column), Lenient(NullType(), partial(_read_items, _read_item_parts))
            )
        item = _READERS.get(kind)
        if item is None:
            return type_coerce(column, Lenient(wire))
        return type_coerce(_as_text(column), Lenient(NullType(), partial(_read_items, item)))
    kind = stored_kind(own)
    if kind is Kind.TEXT and form_of(own) is None:
        octets = func.convert_to(cast(column, Text()), literal_column("'SQL_ASCII'"))
        return type_coerce(octets, Lenient(wire, _read_octets))
    if kind is Kind.INTERVAL:
        return type_coerce(_Parts(column), Lenient(wire, _read_parts))
    read = _READERS.get(kind)
    return type_coerce(column if read is None else _as_text(column), Lenient(wire, read))


def _as_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Return a value as text in JSON's format, independent of session settings (PostgreSQL manual,
    9.16)."""
    text: ColumnElement[str] = func.to_jsonb(column).op("#>>")(literal_column("'{}'"))
    return text


def _read_octets(octets: bytes) -> Any:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return Unreadable(Octets(octets))


def _read_items(read: Convert, text: str) -> Any:
    return _read_each(read, msgspec.json.decode(text))


def _read_each(read: Convert, value: Any) -> Any:
    if isinstance(value, list):
        return [_read_each(read, item) for item in value]
    try:
        return None if value is None else read(value)
    except ValueError:
        return value


def _read_instant(text: str) -> dt.datetime:
    return _ENDS[text] if text in _ENDS else dt.datetime.fromisoformat(text)


_ENDS: Mapping[str, dt.datetime] = {"infinity": dt.datetime.max, "-infinity": dt.datetime.min}
"""The driver's values for infinite times."""


_READERS: Mapping[Kind | None, Convert] = {
    Kind.DATETIME: _read_instant,
    Kind.DATE: read_date,
    Kind.TIME: dt.time.fromisoformat,
}
"""Parsers of times as texts; PostgreSQL's years exceed Python's."""


class _Parts(FunctionElement[str]):
    """Text of an interval with its days and microseconds, months counted as days, and its own
    text."""

    type = Text()
    inherit_cache = True


class _ItemParts(FunctionElement[str]):
    """The same for each item of an array, as a JSON array; plain texts for several dimensions."""

    type = Text()
    inherit_cache = True


@compiles(_Parts, "postgresql")
def _write_parts(element: _Parts, compiler: Any, **options: Any) -> str:
    return _parts_of(compiler.process(element.clause_expr, **options))


@compiles(_ItemParts, "postgresql")
def _write_item_parts(element: _ItemParts, compiler: Any, **options: Any) -> str:
    (column,) = (compiler.process(clause, **options) for clause in element.clauses)
    items = f"ARRAY(SELECT {_parts_of('item')} FROM unnest({column}) AS items(item))"  # noqa: S608  # a column
    return f"""\
CASE WHEN array_ndims({column}) = 1 THEN to_jsonb({items}) ELSE to_jsonb({column}) END #>> '{{}}'"""


def _parts_of(x: str) -> str:
    part = "extract({} from " + x + ")"
    months = f"{part.format('year')} * 12 + {part.format('month')}"
    days = f"({months}) * {DAYS_OF_MONTH} + {part.format('day')}"
    minutes = f"{part.format('hour')} * 60 + {part.format('minute')}"
    time = f"({minutes}) * 60000000 + {part.format('microseconds')}"
    return f"({days}) || ' ' || ({time}) || ' ' || {x}"


def _read_item_parts(parts: str) -> Any:
    value = _read_parts(parts)
    return str(value) if isinstance(value, Unreadable) else value


def _read_parts(parts: str) -> Any:
    days, microseconds, text = parts.split(" ", 2)
    try:
        return dt.timedelta(days=int(days), microseconds=int(microseconds))
    except OverflowError:
        return Unreadable(text)
