"""SQLite: lists are JSON texts, and a column may hold any value that was stored in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Double,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    Select,
    Table,
    Text,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
    type_coerce,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.types import TypeEngine

from ...catalog.kinds import storage_type
from ..dialect import GivenValues, SQLDialect
from ..given_rows import CELL, IMAGES, PLACE, REAL, completed
from ..lists import GIVEN, ROWS
from ..normalised import normalize
from ..operators import UNHEX
from ..stored_texts import Spell
from ..vectors import VectorText
from . import sqlite_documents as _documents  # noqa: F401 - it finds parts of documents
from .sqlite_reading import leave_untouched, read_on_sqlite
from .sqlite_sums import SQLITE_SUMS
from .sqlite_types import AsStored, SQLiteDecimal, SQLiteFloat, SQLiteList, SQLiteRows, sqlite_type

_MAX_DIGITS = 15
"""Digits of a decimal that a 64-bit float preserves."""


def _given_values(types: Sequence[TypeEngine[Any]]) -> GivenValues:
    rows = bindparam(ROWS, type_=SQLiteRows(*types))
    given = func.json_each(rows).table_valued("key", "value", name=GIVEN)
    items: list[ColumnElement[Any]] = [
        func.json_extract(given.c.value, f"$[{i}]") for i in range(len(types))
    ]
    return given, items, given.c.key


def _is_bytes(sql_type: TypeEngine[Any]) -> bool:
    return isinstance(storage_type(sql_type), LargeBinary)


def _read_given(item: ColumnElement[Any], sql_type: TypeEngine[Any]) -> ColumnElement[Any]:
    """Return a value of `ROWS`; bytes are hexadecimal digits in JSON."""
    if _is_bytes(sql_type):
        unhexed: ColumnElement[Any] = getattr(func, UNHEX)(item)
        return unhexed
    return item


def _in_list(
    column: ColumnElement[Any], name: str, item: TypeEngine[Any], spell: Spell | None
) -> ColumnElement[bool]:
    given = bindparam(name, type_=SQLiteList(item, spell))
    items = func.json_each(given).table_valued("value")
    return _compared(SQLITE.type_of(column), column).in_(select(items.c.value))


def _compared(sql_type: TypeEngine[Any], column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column for comparison; bytes are compared by their hexadecimal digits, as in
    JSON."""
    if _is_bytes(sql_type):
        return case((column.is_not(None), func.hex(column)))  # alone, it makes NULL the empty text
    return normalize(sql_type, column)


def _vector_type(_sql_type: TypeEngine[Any]) -> TypeEngine[Any]:
    return VectorText()


def _float_operand(_sql_type: TypeEngine[Any]) -> TypeEngine[Any]:
    return SQLiteFloat()


def _octets(name: str) -> ColumnElement[Any]:
    return cast(bindparam(name, type_=LargeBinary()), Text())


def _as_stored(name: str, _sql_type: TypeEngine[Any]) -> ColumnElement[Any]:
    return bindparam(name, type_=AsStored())


def _like(column: ColumnElement[Any], pattern: BindParameter[str]) -> ColumnElement[bool]:
    """Write a match by GLOB, since LIKE ignores the case of ASCII letters."""
    return column.bool_op("GLOB")(pattern)


def _like_to_glob(pattern: str) -> str:
    glob, characters = [], iter(pattern)
    for character in characters:
        if character == "%":
            glob.append("*")
        elif character == "_":
            glob.append("?")
        else:
            literal = next(characters, "\\") if character == "\\" else character
            glob.append(f"[{literal}]" if literal in "*?[" else literal)
    return "".join(glob)


def _is_there(own: Table) -> ColumnElement[bool]:
    catalog = table("sqlite_master", column("name"))
    return select(catalog.c.name).where(catalog.c.name == own.name).exists()


def _write_key(
    values: Sequence[ColumnElement[Any]], types: Sequence[TypeEngine[Any]]
) -> ColumnElement[Any]:
    """Write a key as triggers do, from values as columns of these types store them."""
    pairs = zip(values, types, strict=True)
    stored = [_as_whole(value) if _stores_whole(own) else value for value, own in pairs]
    cells = [
        case(
            (func.typeof(value) == literal_column("'real'"), getattr(func, REAL)(value)),
            (
                func.typeof(value) == literal_column("'blob'"),
                func.json_object(literal_column("'blob'"), func.hex(value)),
            ),
            else_=func.json_quote(value),
        )
        for value in stored
    ]
    key: ColumnElement[Any] = literal_column("'['", Text()) + cells[0]
    for cell in cells[1:]:
        key = key + literal_column("','", Text()) + cell
    return key + literal_column("']'", Text())


def _stores_whole(sql_type: TypeEngine[Any]) -> bool:
    """Whether a column stores whole floats as integers (SQLite manual, Type Affinity)."""
    stored = storage_type(sql_type)
    return isinstance(stored, Numeric) and not isinstance(stored, Float)


def _as_whole(value: ColumnElement[Any]) -> ColumnElement[Any]:
    whole = cast(value, Integer())
    return case((whole == value, whole), else_=value)


def _given_rows(own: Table) -> Select[Any]:
    given = func.json_each(bindparam(IMAGES, type_=Text())).table_valued("key", "value")
    found = {c: getattr(func, CELL)(given.c.value, c.name) for c in own.columns}
    cells = [type_coerce(completed(c, found[c]), c.type).label(c.key) for c in own.columns]
    return select(*cells, given.c.key.label(PLACE)).select_from(given)


def _now_s() -> ColumnElement[Any]:
    days: ColumnElement[float] = func.julianday(literal_column("'now'"), type_=Double())
    return (days - literal_column("2440587.5")) * literal_column("86400.0")


SQLITE = SQLDialect(
    name="sqlite",
    joins_includes=False,
    gathers_reads=False,
    estimates=False,
    max_digits=_MAX_DIGITS,
    has_short_floats=False,
    nests_cascades=True,
    has_standbys=False,
    has_one_writer=True,
    defers_checks=False,
    locks_creation=False,
    names_foreign_keys=False,
    has_own_types=False,
    has_decimals=False,
    has_arrays=False,
    puts_null_last=False,
    refers_by_parent=True,
    limits_locks=False,
    first_place=0,
    insert=insert,
    given_values=_given_values,
    read_given=_read_given,
    in_list=_in_list,
    compared=_compared,
    normalize=normalize,
    wire_type=sqlite_type,
    vector_type=_vector_type,
    float_operand=_float_operand,
    decimal_operand=SQLiteDecimal,
    read_leniently=read_on_sqlite,
    read_back=leave_untouched,
    octets=_octets,
    as_stored=_as_stored,
    like=_like,
    to_pattern=_like_to_glob,
    is_there=_is_there,
    write_key=_write_key,
    given_rows=_given_rows,
    now_s=_now_s,
    sums=SQLITE_SUMS,
)
