"""How a database spells what statements say: one record for each, made in `dialects`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, FromClause, Select, Table
from sqlalchemy.types import TypeEngine

from ..catalog.kinds import type_on
from ..dialect import Dialect
from .sums import Sums

Value = ColumnElement[Any]
SQLType = TypeEngine[Any]
Spell = Callable[[str], Sequence[str]]

GivenValues = tuple[FromClause, list[Value], Value]
"""The parameter `ROWS` as a relation, its columns, and what orders its rows as they were given."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SQLDialect(Dialect):
    """What a database can do, and how it spells that.

    Args:
        has_own_types: Whether enums and UUIDs have types of their own, with one spelling each.
        has_decimals: Whether decimals are computed exactly, and not as floats.
        has_arrays: Whether a list is an array, and rows one for each column; JSON otherwise.
        puts_null_last: Whether NULL is the largest value by itself.
        refers_by_parent: Whether a foreign key is compared by the collation of what it refers to.
        limits_locks: Whether a transaction can say how long it waits for locks.
        first_place: The number of the first row in `ROWS`.
        insert: Begins an INSERT, which may have a conflict clause.
        given_values: The parameter `ROWS`, of values of some types.
        read_given: A value of `ROWS` of some type as its column stores it.
        in_list: A column occurs in a parameter that holds a list of values of some type, each in
            all of its spellings.
        compared: A column as it is compared with values of `ROWS`.
        normalize: A column of some type in the one spelling that values have.
        wire_type: The type under which values of a type are written and read.
        vector_type: The same of vectors.
        float_operand: The type of what is compared with floats of some type.
        decimal_operand: The same for decimals.
        read_leniently: A column of its own type, read as some type whatever stands in it.
        read_back: A column that a write has set, read as some type.
        octets: A parameter that holds the bytes of a text.
        as_stored: A parameter that holds a value of a type as it is stored.
        like: A column is like a pattern, in the case of its letters.
        to_pattern: Makes that pattern of one for LIKE; None where it is the same.
        is_there: Whether a table of modelwire's own is there.
        write_key: Values of some types as the log of changes has a key.
        given_rows: The rows of a parameter in place of those of a table, each with its place.
        now_s: The time by its clock, in seconds since 1970.
        sums: How it adds up.
    """

    has_own_types: bool
    has_decimals: bool
    has_arrays: bool
    puts_null_last: bool
    refers_by_parent: bool
    limits_locks: bool
    first_place: int
    insert: Callable[[Table], Any]
    given_values: Callable[[Sequence[SQLType]], GivenValues]
    read_given: Callable[[Value, SQLType], Value]
    in_list: Callable[[Value, str, SQLType, Any], ColumnElement[bool]]
    compared: Callable[[SQLType, Value], Value]
    normalize: Callable[[SQLType, Value], Value]
    wire_type: Callable[[SQLType], SQLType]
    vector_type: Callable[[SQLType], SQLType]
    float_operand: Callable[[SQLType], SQLType]
    decimal_operand: Callable[[], SQLType]
    read_leniently: Callable[[Value, SQLType, SQLType], Value]
    read_back: Callable[[Value, SQLType], Value]
    octets: Callable[[str], Value]
    as_stored: Callable[[str, SQLType], Value]
    like: Callable[[Value, BindParameter[str]], ColumnElement[bool]]
    to_pattern: Callable[[str], str] | None
    is_there: Callable[[Table], ColumnElement[bool]]
    write_key: Callable[[Sequence[Value], Sequence[SQLType]], Value]
    given_rows: Callable[[Table], Select[Any]]
    now_s: Callable[[], Value]
    sums: Sums

    def type_of(self, column: Value) -> SQLType:
        """The type of a column: a variant of it, where it has one for this database."""
        return type_on(column, self.name)
