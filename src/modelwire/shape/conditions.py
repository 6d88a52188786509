"""Conditions: what rows must fulfil, without the values."""

from __future__ import annotations

from msgspec import Struct

from ..catalog.field import Field
from ..catalog.relation import Relation
from ..catalog.tables import Table


class Step(Struct, frozen=True, cache_hash=True):
    """One relation of a path, and the resource that it leads to."""

    relation: Relation
    target: Table


Through = tuple[Step, ...]
"""The relations that lead from a row to the row whose field is meant; empty for its own."""


class Predicate(Struct, frozen=True, cache_hash=True):
    """A comparison of one field with a value that the plan holds.

    Args:
        field: The field.
        operator: The operator's name.
        through: How it is reached. The comparison holds if it does for one of the rows there.
    """

    field: Field
    operator: str
    through: Through = ()


class AllOf(Struct, frozen=True, cache_hash=True):
    """All of some conditions hold."""

    terms: tuple[Condition, ...]


class AnyOf(Struct, frozen=True, cache_hash=True):
    """One of some conditions holds."""

    terms: tuple[Condition, ...]


class Negation(Struct, frozen=True, cache_hash=True):
    """A condition does not hold: for every row, either it or its negation does."""

    term: Condition


class Search(Struct, frozen=True, cache_hash=True):
    """A word occurs in one of some fields."""

    fields: tuple[Field, ...]


class ChildOf(Struct, frozen=True, cache_hash=True):
    """A row is one of those that a relation of the row with a given key leads to."""

    parent: Table
    relation: Relation


class Measured(Struct, frozen=True, cache_hash=True):
    """A comparison of what is told of a group with a value that the plan holds.

    Args:
        position: Where that stands among all that is told of the group, from 0.
        field: The field as which it is compared.
        operator: The operator's name.
    """

    position: int
    field: Field
    operator: str


Condition = Predicate | AllOf | AnyOf | Negation | Search | ChildOf | Measured
"""What rows, or groups of them, must fulfil. Values are numbered as they occur in it, from left to
right: `p0`, `p1`, … Each comparison and each search takes one, a child as many as its parent's key
has fields."""
