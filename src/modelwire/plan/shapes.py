"""Shapes: the hashable part of a plan. Two requests of one shape run the same SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column
from sqlalchemy import Table as SQLTable

from ..catalog import Field, Relation, Table


@dataclass(frozen=True, slots=True)
class Predicate:
    """A comparison of one field with a value that the plan holds."""

    field: Field
    operator: str


@dataclass(frozen=True, slots=True)
class Order:
    """One term of an ORDER BY."""

    field: Field
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """A relation whose rows are read along, and what they include in turn."""

    relation: Relation
    target: Table
    includes: tuple[Include, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectShape:
    """Rows of one table.

    Args:
        table: The table.
        predicates: All of them hold.
        order: A total order: the key is its last part.
        offset: Whether rows are skipped.
        after: For keyset reading: of each term of `order`, whether its last value was NULL.
    """

    table: Table
    predicates: tuple[Predicate, ...] = ()
    order: tuple[Order, ...] = ()
    limited: bool = False
    offset: bool = False
    after: tuple[bool, ...] | None = None


@dataclass(frozen=True, slots=True)
class CountShape:
    """The number of rows of one table."""

    table: Table
    predicates: tuple[Predicate, ...] = ()


@dataclass(frozen=True, slots=True)
class RelatedShape:
    """The rows that a relation leads to, for a list of parents."""

    table: Table
    relation: Relation
    target: Table


@dataclass(frozen=True, slots=True)
class InsertShape:
    """New rows, by the fields that are given: one, or many in one statement."""

    table: Table
    fields: tuple[Field, ...]
    many: bool = False


@dataclass(frozen=True, slots=True)
class UpdateShape:
    """A change of one row, by the fields that are given."""

    table: Table
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class DeleteShape:
    """The removal of rows of any table whose columns occur in a list."""

    table: SQLTable
    columns: tuple[Column[Any], ...]


@dataclass(frozen=True, slots=True)
class FindShape:
    """The values of some columns in the rows of any table whose columns occur in a list."""

    table: SQLTable
    shown: tuple[Column[Any], ...]
    columns: tuple[Column[Any], ...]
    lock: bool = False


Shape = (
    SelectShape | CountShape | RelatedShape | InsertShape | UpdateShape | DeleteShape | FindShape
)
