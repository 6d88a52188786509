"""SQL dialects: one record for each database, defined in `dialects`."""

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
"""The parameter `ROWS` as a relation, its columns, and the expression for the order of its rows."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SQLDialect(Dialect):
    """Capabilities of a database, and the SQL for them.

    Args:
        has_own_types: Whether enums and UUIDs have types of their own, with one spelling each.
        has_decimals: Whether decimals are computed exactly, and not as floats.
        has_arrays: Whether a list is an array, and a list of rows an array for each column;
            otherwise they are JSON.
        puts_null_last: Whether NULL sorts as the largest value by default.
        refers_by_parent: Whether a foreign key is compared by the collation of the referenced
            column.
        limits_locks: Whether a transaction can set a timeout for locks.
        first_place: The number of the first row in `ROWS`.
        insert: Begins an INSERT, which may have a conflict clause.
        given_values: The parameter `ROWS`, with values of some types.
        read_given: A value of `ROWS` of some type as its column stores it.
        in_list: A membership test of a column in a parameter with a list of values of some type,
            each in all of its spellings.
        compared: A column as it is compared with values of `ROWS`.
        normalize: A column of some type in the canonical spelling of its values.
        wire_type: The type under which values of a type are written and read.
        vector_type: The same for vectors.
        float_operand: The type of operands that are compared with floats of some type.
        decimal_operand: The same for decimals.
        read_leniently: A column of its own type, read as some type, whatever value it has.
        read_back: A column that a write has set, read as some type.
        octets: A parameter that holds the bytes of a text.
        as_stored: A parameter that holds a value of a type as it is stored.
        like: A case-sensitive match of a column with a pattern.
        to_pattern: Converts a LIKE pattern to that pattern; None for no conversion.
        is_there: Whether one of modelwire's own tables exists.
        write_key: Values of some types as a key in the change log.
        given_rows: The rows of a parameter in place of those of a table, each with its position.
        now_s: The time by its clock, in seconds since 1970.
        sums: Its aggregates.
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
        """Return the type of a column, which may be a variant for this database."""
        return type_on(column, self.name)
