"""How columns are read on SQLite so that no value whatever stands in the way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, case, cast, func, literal_column, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from ...catalog.unreadable import Octets, Unreadable
from ..exact import MADE
from ..lenient import Lenient
from ..normal import has_spellings, normalize


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
    if isinstance(own, MADE):
        return type_coerce(column, Lenient(wire))  # its collation would compare what looks at it
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
