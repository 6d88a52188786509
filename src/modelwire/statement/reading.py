"""How the columns of a row are read: fast, or so that no value whatever stands in the way.

A driver gives up a whole answer for one value that it, or the column's type, can't make sense of.
So what is only read is read fast first. Where that fails each column is read *leniently*: in a form
that every driver takes, with `Unreadable` for what is no value of its type. What a write gives back
is stored by then; so of that, all that the write itself has not set is read leniently at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    LargeBinary,
    Text,
    case,
    cast,
    func,
    literal_column,
    type_coerce,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine, UserDefinedType

from ..catalog.kinds import Kind, is_decorated, stored_kind
from ..catalog.unreadable import Octets, Unreadable
from .compiled import decoder_of
from .dialect import SQLDialect
from .intervals import DAYS_OF_MONTH
from .normal import has_spellings, normalize
from .types import PostgreSQLChar, wire_type

Convert = Callable[[Any], Any]


def read_column(
    column: ColumnElement[Any], dialect: SQLDialect, *, lenient: bool = False
) -> ColumnElement[Any]:
    """Write how a column is read.

    Args:
        column: The column.
        dialect: The database's dialect.
        lenient: Whether no value may stand in the way.

    Returns:
        The column, or an expression of what tells its value.
    """
    own = dialect.type_of(column)
    wire = wire_type(own, dialect)
    return dialect.read_leniently(column, own, wire) if lenient else read_as(column, wire)


def read_as(column: ColumnElement[Any], wire: TypeEngine[Any]) -> ColumnElement[Any]:
    """Write a column that is read as some type."""
    return column if wire is column.type else type_coerce(column, wire)


def returned_columns(
    columns: Sequence[Column[Any]], given: Collection[Column[Any]], dialect: SQLDialect
) -> list[ColumnElement[Any]]:
    """Write what a write gives back of its rows.

    Args:
        columns: The columns that are given back.
        given: Those that the write itself has set.
        dialect: The database's dialect.
    """
    return [_label(_return_column(column, given, dialect), column) for column in columns]


def _return_column(
    column: Column[Any], given: Collection[Column[Any]], dialect: SQLDialect
) -> ColumnElement[Any]:
    if column not in given or is_decorated(dialect.type_of(column)):
        return read_column(column, dialect, lenient=True)
    return dialect.read_back(column, wire_type(dialect.type_of(column), dialect))


def _label(expression: ColumnElement[Any], column: ColumnElement[Any]) -> ColumnElement[Any]:
    return expression if expression is column else expression.label(column.key)


class _Untouched(FunctionElement[Any]):
    """A column as it is.

    If a table's first column is REAL, SQLite before 3.41 makes floats of all integers in RETURNING,
    but for those of expressions.
    """

    inherit_cache = True


@compiles(_Untouched, "sqlite")
def _leave_untouched(element: _Untouched, compiler: Any, **options: Any) -> str:
    (column,) = element.clauses
    return f"+{compiler.process(column, **options)}"


def leave_untouched(column: ColumnElement[Any], wire: TypeEngine[Any]) -> ColumnElement[Any]:
    """A column of SQLite's that was written in the same statement, read as some type."""
    return type_coerce(_Untouched(column), wire)


def read_on_sqlite(
    column: ColumnElement[Any], own: TypeEngine[Any], wire: TypeEngine[Any]
) -> ColumnElement[Any]:
    """An expression, which SQLite before 3.41 gives no other type in RETURNING than its own."""
    if has_spellings(own):
        return type_coerce(normalize(own, column), Lenient(wire))
    told = case(
        (_is_stored_as(column, "text"), cast(column, LargeBinary())),
        (_is_stored_as(column, "blob"), func.hex(column)),
        else_=column,
    )
    return type_coerce(told, Lenient(wire, _read_told))


def _is_stored_as(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    stored: ColumnElement[bool] = func.typeof(column) == literal_column(f"'{name}'")
    return stored


def _read_told(value: Any) -> Any:
    """A text is given as its bytes, and bytes as their hex digits, to be told apart."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return Unreadable(Octets(value))
    return bytes.fromhex(value) if isinstance(value, str) else value


def read_on_postgresql(
    column: ColumnElement[Any], own: TypeEngine[Any], wire: TypeEngine[Any]
) -> ColumnElement[Any]:
    """An expression of which PostgreSQL's driver takes every value."""
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
    if kind is Kind.TEXT and (wire is own or isinstance(wire, PostgreSQLChar)):
        octets = func.convert_to(cast(column, Text()), literal_column("'SQL_ASCII'"))
        return type_coerce(octets, Lenient(wire, _read_octets))
    if kind is Kind.INTERVAL:
        return type_coerce(_Parts(column), Lenient(wire, _read_parts))
    read = _READERS.get(kind)
    return type_coerce(column if read is None else _as_text(column), Lenient(wire, read))


def _as_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    """A value as JSON has it, which no setting of a session changes (PostgreSQL manual, 9.16)."""
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


def _read_day(text: str) -> dt.date:
    return _ENDS[text].date() if text in _ENDS else dt.date.fromisoformat(text)


_ENDS: Mapping[str, dt.datetime] = {"infinity": dt.datetime.max, "-infinity": dt.datetime.min}
"""What the driver makes of the ends of time."""

_READERS: Mapping[Kind | None, Convert] = {
    Kind.DATETIME: _read_instant,
    Kind.DATE: _read_day,
    Kind.TIME: dt.time.fromisoformat,
}
"""How the texts of times are read on PostgreSQL, whose years are more than Python's."""


class _Parts(FunctionElement[str]):
    """The days and microseconds of an interval, with its months as days, and its own text."""

    type = Text()
    inherit_cache = True


class _ItemParts(FunctionElement[str]):
    """The same of each item of an array, as an array in JSON; of several dimensions only texts."""

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


class Lenient(UserDefinedType[Any]):
    """A type whose values are `Unreadable` where they can't be read.

    Args:
        own: The type that they should be of.
        prepare: Makes what the driver would have given of what it gives; the same, by default.
    """

    cache_ok = True

    def __init__(self, own: TypeEngine[Any], prepare: Convert | None = None) -> None:
        self.own = own
        self.prepare = prepare

    def result_processor(self, dialect: Dialect, _coltype: object) -> Convert:
        steps = [step for step in (self.prepare, decoder_of(self.own, dialect)) if step is not None]

        def process(value: Any) -> Any:
            if value is None:
                return None
            try:
                for step in steps:
                    value = step(value)
                    if isinstance(value, Unreadable):
                        break
            except Exception:  # whatever a type raises for a value
                return Unreadable(value)
            return value

        return process
