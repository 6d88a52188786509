"""Conditions on rows and groups, without their values."""

from __future__ import annotations

from msgspec import Struct

from ..catalog.field import Field
from ..catalog.relation import Relation
from ..catalog.tables import Table


class Step(Struct, frozen=True, cache_hash=True):
    """Relation in a path, and the resource that it leads to."""

    relation: Relation
    target: Table


Through = tuple[Step, ...]
"""The relations that lead from a row to the row of a field; empty for the row's own fields."""


class Predicate(Struct, frozen=True, cache_hash=True):
    """Comparison of a field with a value of the plan.

    Args:
        field: The field.
        operator: The operator's name.
        through: The relations that lead to the field. The comparison must hold for one of the rows
            there.
    """

    field: Field
    operator: str
    through: Through = ()


class AllOf(Struct, frozen=True, cache_hash=True):
    """Conjunction of conditions."""

    terms: tuple[Condition, ...]


class AnyOf(Struct, frozen=True, cache_hash=True):
    """Disjunction of conditions."""

    terms: tuple[Condition, ...]


class Negation(Struct, frozen=True, cache_hash=True):
    """Negation of a condition, in two-valued logic: true wherever the condition is not true."""

    term: Condition


class Search(Struct, frozen=True, cache_hash=True):
    """Search for a word in any of some fields."""

    fields: tuple[Field, ...]


class ChildOf(Struct, frozen=True, cache_hash=True):
    """Restriction to the rows that a relation leads to from one parent, given by its key."""

    parent: Table
    relation: Relation


class Measured(Struct, frozen=True, cache_hash=True):
    """Comparison of a column of a group with a value of the plan.

    Args:
        position: The position among the columns of the group, from 0.
        field: The field that describes how it is compared.
        operator: The operator's name.
    """

    position: int
    field: Field
    operator: str


Condition = Predicate | AllOf | AnyOf | Negation | Search | ChildOf | Measured
"""A condition on rows or groups. Its values are numbered in order of occurrence, from left to
right: `p0`, `p1`, … A comparison or search has one value, a `ChildOf` one for each field of the
parent's key."""
