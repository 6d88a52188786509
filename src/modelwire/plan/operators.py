"""The operators of filters: what each is for and what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..catalog import Kind
from ..catalog.kinds import COMPARABLE, ORDERED

_TEXT = frozenset({Kind.TEXT})
_EVERY = frozenset(Kind)


class Takes(StrEnum):
    """What stands on the right of an operator."""

    VALUE = "a value"
    LIST = "values separated by commas"
    PAIR = "two values separated by a comma"
    FLAG = "true or false"


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: the kinds of fields that it is for, and what it takes."""

    kinds: frozenset[Kind]
    takes: Takes = Takes.VALUE


OPERATORS: Mapping[str, Operator] = {
    "eq": Operator(COMPARABLE),
    "ne": Operator(COMPARABLE),
    "in": Operator(COMPARABLE, Takes.LIST),
    "not_in": Operator(COMPARABLE, Takes.LIST),
    "isnull": Operator(_EVERY, Takes.FLAG),
    "gt": Operator(ORDERED),
    "gte": Operator(ORDERED),
    "lt": Operator(ORDERED),
    "lte": Operator(ORDERED),
    "between": Operator(ORDERED, Takes.PAIR),
    "contains": Operator(_TEXT),
    "icontains": Operator(_TEXT),
    "startswith": Operator(_TEXT),
    "istartswith": Operator(_TEXT),
    "endswith": Operator(_TEXT),
    "iendswith": Operator(_TEXT),
    "like": Operator(_TEXT),
    "ilike": Operator(_TEXT),
}


def operators_of(kind: Kind) -> tuple[str, ...]:
    """Names of the operators that fields of a kind have."""
    return tuple(name for name, operator in OPERATORS.items() if kind in operator.kinds)
