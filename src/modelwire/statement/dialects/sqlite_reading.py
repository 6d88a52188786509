"""Lenient reading of columns on SQLite: no stored value makes a read fail."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, case, cast, func, literal_column, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from ...catalog.invalid_values import Octets, Unreadable
from ..exact_numbers import MADE
from ..normalised import has_spellings, normalize
from ..untyped import Lenient


class _Untouched(FunctionElement[Any]):
    """Column without type conversion by RETURNING.

    If a table's first column is REAL, SQLite before 3.41 converts all integers in RETURNING to
    floats, except for those of expressions.
    """

    inherit_cache = True


@compiles(_Untouched, "sqlite")
def _leave_untouched(element: _Untouched, compiler: Any, **options: Any) -> str:
    (column,) = element.clauses
    return f"+{compiler.process(column, **options)}"


def leave_untouched(column: ColumnElement[Any], wire: TypeEngine[Any]) -> ColumnElement[Any]:
    """Return a column that the same statement has written, read as some type."""
    return type_coerce(_Untouched(column), wire)


def read_on_sqlite(
    column: ColumnElement[Any], own: TypeEngine[Any], wire: TypeEngine[Any]
) -> ColumnElement[Any]:
    """Return a lenient expression for a column; SQLite before 3.41 keeps its type in RETURNING."""
    if isinstance(own, MADE):
        return type_coerce(column, Lenient(wire))  # an expression would lose its collation
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
    """Decode a value: texts are returned as bytes, and bytes as hex digits, to tell them apart."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return Unreadable(Octets(value))
    return bytes.fromhex(value) if isinstance(value, str) else value
