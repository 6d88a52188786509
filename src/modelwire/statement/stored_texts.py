"""Enums and UUIDs that are stored as texts, possibly in several spellings.

SQLAlchemy writes an enum by its names, or by its `values_callable`, and a UUID as 32 digits. Other
programs write an enum's values, or a UUID with hyphens or in capitals. All of these are the same
value. Since they are few, a column is compared with each, so that an index on it can be used.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    String,
    Text,
    Uuid,
    case,
    cast,
    literal_column,
    or_,
    type_coerce,
)
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement, func
from sqlalchemy.types import TypeDecorator, TypeEngine

from ..catalog.invalid_values import SpelledUUID
from ..catalog.kinds import is_decorated, storage_type
from .dialect import SQLDialect

Spell = Callable[[str], Iterable[str]]
"""A function that returns the spellings of a value, the column's own first."""


def is_native(sql_type: TypeEngine[Any], dialect: SQLDialect) -> bool:
    """Whether a database has its own type for the values of a column, with one spelling."""
    stored: Any = storage_type(sql_type)
    if not dialect.has_own_types:
        return False
    return bool(stored.native_enum if isinstance(stored, SQLEnum) else stored.native_uuid)


def speller_of(sql_type: TypeEngine[Any], dialect: SQLDialect) -> Spell | None:
    """Return the function for the spellings of a column's values; None if each has only one."""
    if is_decorated(sql_type) or not isinstance(sql_type, (SQLEnum, Uuid)):
        return None
    if is_native(sql_type, dialect):
        return None
    if isinstance(sql_type, Uuid):
        return _spell_uuid
    others = _others_of(sql_type)
    return (lambda text: (text, *others.get(text, ()))) if others else None


def equal(
    column: ColumnElement[Any], value: ColumnElement[Any], dialect: SQLDialect
) -> ColumnElement[bool]:
    """Write that a column has a value, in any spelling.

    Args:
        column: The column.
        value: The value in the spelling of the column's own type.
        dialect: The database's dialect.
    """
    sql_type = dialect.type_of(column)
    if speller_of(sql_type, dialect) is None:
        same: ColumnElement[bool] = column == value
        return same
    return column.in_(_spellings_in_sql(sql_type, value))


def different(
    column: ColumnElement[Any], value: ColumnElement[Any], dialect: SQLDialect, *, nullable: bool
) -> ColumnElement[bool]:
    """Write that a column has another value, or is NULL."""
    if speller_of(dialect.type_of(column), dialect) is None and nullable:
        return column.is_distinct_from(value)
    others = ~equal(column, value, dialect)
    return or_(column.is_(None), others) if nullable else others


def _spellings_in_sql(
    sql_type: TypeEngine[Any], value: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    value = cast(value, Text())
    if isinstance(sql_type, Uuid):
        hyphens = _Hyphenated(value)
        return [value, hyphens, func.upper(value), func.upper(hyphens)]
    others = _others_of(sql_type) if isinstance(sql_type, SQLEnum) else {}
    width = max(map(len, others.values()), default=0)
    return [value, *(_other(others, i, value) for i in range(width))]


def _other(
    others: Mapping[str, Sequence[str]], index: int, value: ColumnElement[Any]
) -> ColumnElement[Any]:
    """Write one of the other spellings of a value; if there are fewer, the last one or its own."""
    known = {own: spelt[min(index, len(spelt) - 1)] for own, spelt in others.items()}
    return case({own: _literal(text) for own, text in known.items()}, value=value, else_=value)


def _literal(text: str) -> ColumnElement[str]:
    quoted = text.replace("'", "''")
    return literal_column(f"'{quoted}'", String())


class _Hyphenated(FunctionElement[str]):
    """The 32 digits of a UUID with hyphens."""

    type = Text()
    inherit_cache = True


@compiles(_Hyphenated)
def _hyphenate(element: _Hyphenated, compiler: Any, **options: Any) -> str:
    digits = compiler.process(element.clause_expr, **options)
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return " || '-' || ".join(f"substr({digits}, {start}, {n})" for start, n in parts)


def digits_of(
    value: ColumnElement[Any], sql_type: TypeEngine[Any], dialect: SQLDialect
) -> ColumnElement[Any]:
    """Return the 32 digits of a UUID that is stored as text, for sorting; any other value as it
    is."""
    if not isinstance(sql_type, Uuid) or is_native(sql_type, dialect):
        return value
    return func.lower(func.replace(value, literal_column("'-'"), literal_column("''")))


def one_spelling(column: ColumnElement[Any], dialect: SQLDialect) -> ColumnElement[Any]:
    """Return the value of a column in the spelling of the column's own type."""
    sql_type = dialect.type_of(column)
    if speller_of(sql_type, dialect) is None:
        return column
    if not isinstance(sql_type, SQLEnum):
        return type_coerce(digits_of(column, sql_type, dialect), column.type)
    others = {o: _literal(own) for own, spelt in _others_of(sql_type).items() for o in spelt}
    return type_coerce(case(others, value=column, else_=column), column.type)


class SpelledUuid(TypeDecorator[uuid.UUID]):
    """UUIDs as texts, in any spelling."""

    impl = Uuid
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(native_uuid=False)

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        return _read_uuid


def _read_uuid(text: str | None) -> uuid.UUID | None:
    if text is None:
        return None
    found = uuid.UUID(text)
    if found.hex == text:
        return found
    if text not in _spell_uuid(found.hex):
        raise ValueError("it is not a UUID in a usual spelling")
    return SpelledUUID(text)


def _spell_uuid(digits: str) -> Sequence[str]:
    hyphens = str(uuid.UUID(digits))
    return digits, hyphens, digits.upper(), hyphens.upper()


class SpelledEnum(TypeDecorator[Enum]):
    """Enums as texts, in any spelling.

    Args:
        own: The column's own type.
    """

    impl = SQLEnum
    cache_ok = True

    def __init__(self, own: SQLEnum) -> None:
        super().__init__("")
        self.own = own
        self.impl = self.impl_instance = own  # type: ignore[assignment]

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        others = _others_of(self.own)
        known: dict[str | None, Any] = {None: None}
        for own, member in _members_of(self.own).items():
            known |= dict.fromkeys((own, *others.get(own, ())), member)
        return known.__getitem__


def _members_of(enum: SQLEnum) -> Mapping[str, Any]:
    """Return the members of an enum by the spelling of its column, in the order of declaration."""
    cls = enum.enum_class
    if cls is None:
        return {own: own for own in enum.enums}
    members = list(cls) if len(cls) == len(enum.enums) else list(cls.__members__.values())
    return dict(zip(enum.enums, members, strict=True))


def _others_of(enum: SQLEnum) -> Mapping[str, Sequence[str]]:
    """Return the other spellings of each member: its name and its value, unless they are
    ambiguous."""
    owners: dict[str, set[str]] = {}
    for own, member in _members_of(enum).items():
        if isinstance(member, Enum):
            for text in (member.name, str(member.value)):
                owners.setdefault(text, set()).add(own)
    others: dict[str, list[str]] = {}
    for text, members in owners.items():
        if len(members) == 1 and text not in enum.enums:
            others.setdefault(members.pop(), []).append(text)
    return others


def rank_of(column: ColumnElement[Any], enum: SQLEnum) -> ColumnElement[Any]:
    """Write the position of a value in the declaration of its enum; other values come last."""
    others = _others_of(enum)
    return rank_among(column, [(own, *others.get(own, ())) for own in _members_of(enum)])


def rank_among(column: ColumnElement[Any], members: Sequence[Sequence[Any]]) -> ColumnElement[Any]:
    """Write the position of a value among some members, each with one or more spellings."""
    ranks = {
        spelt: literal_column(str(rank), Integer())
        for rank, spellings in enumerate(members)
        for spelt in spellings
    }
    last = literal_column(str(len(members)), Integer())
    return case(ranks, value=column, else_=case((column.is_not(None), last)))


class SpelledList(TypeDecorator[Sequence[Any]]):
    """List of values as an array of all of their spellings.

    Args:
        item: The type of the values.
        spell: Returns their spellings.
    """

    impl = ARRAY
    cache_ok = True

    def __init__(self, item: TypeEngine[Any], spell: Spell) -> None:
        super().__init__(Text, dimensions=1)
        self.item = item
        self.spell = spell

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        convert: Any = self.item.dialect_impl(dialect).bind_processor(dialect)

        def process(values: Sequence[Any] | None) -> list[str] | None:
            if values is None:
                return None
            return [text for value in values for text in self.spell(convert(value))]

        return process
