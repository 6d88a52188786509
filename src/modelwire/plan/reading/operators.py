"""The operators of filters, with their kinds of fields and operands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from ...catalog.documents import is_document, whole_of
from ...catalog.field import Field
from ...catalog.kinds import COMPARABLE, ORDERED, Kind
from ...catalog.tables import Table
from ...errors import ConfigurationError
from ...suggestions import did_you_mean

_EVERY = frozenset(Kind)
_WITH_ORDER = ORDERED | {Kind.VALUE}
_TEXT = frozenset({Kind.TEXT, Kind.VALUE})
_ITEMS = frozenset({Kind.LIST, Kind.VALUE})


class Takes(StrEnum):
    """Operand of an operator."""

    VALUE = "a value"
    LIST = "values separated by commas"
    PAIR = "two values separated by a comma"
    FLAG = "true or false"


@dataclass(frozen=True, slots=True)
class Operator:
    """Operator: the kinds of fields that have it, and its operand."""

    kinds: frozenset[Kind]
    takes: Takes = Takes.VALUE


OPERATORS: Mapping[str, Operator] = {
    "eq": Operator(COMPARABLE),
    "ne": Operator(COMPARABLE),
    "in": Operator(COMPARABLE, Takes.LIST),
    "not_in": Operator(COMPARABLE, Takes.LIST),
    "isnull": Operator(_EVERY, Takes.FLAG),
    "gt": Operator(_WITH_ORDER),
    "gte": Operator(_WITH_ORDER),
    "lt": Operator(_WITH_ORDER),
    "lte": Operator(_WITH_ORDER),
    "between": Operator(_WITH_ORDER, Takes.PAIR),
    "contains": Operator(_TEXT),
    "icontains": Operator(_TEXT),
    "startswith": Operator(_TEXT),
    "istartswith": Operator(_TEXT),
    "endswith": Operator(_TEXT),
    "iendswith": Operator(_TEXT),
    "like": Operator(_TEXT),
    "ilike": Operator(_TEXT),
    "has": Operator(_ITEMS),
}

EQUAL = frozenset({"eq", "ne", "in", "not_in"})
"""The operators that test whole values for equality."""

PATTERNS = frozenset(
    {
        "contains",
        "icontains",
        "startswith",
        "istartswith",
        "endswith",
        "iendswith",
        "like",
        "ilike",
    }
)
"""The operators that search in texts."""


def operators_of(field: Field) -> tuple[str, ...]:
    """Return the names of the operators that a field has."""
    own = _of_kind(field.kind)
    # A column of documents has the operator of arrays if its documents may be arrays.
    is_list = is_document(field) and whole_of(field).kind in _ITEMS
    return (*own, "has") if is_list else own


@cache
def _of_kind(kind: Kind) -> tuple[str, ...]:
    return tuple(name for name, operator in OPERATORS.items() if kind in operator.kinds)


def check_filters(table: Table) -> None:
    """Check the operators that a resource declares for its fields.

    Raises:
        ConfigurationError: A field has no such operator, or has no operators since it is masked.
    """
    for name, operator in table.resource.filters.items():
        field = next(f for f in table.fields if f.name == name)
        if field.readable and name not in table.queryable:
            raise ConfigurationError(
                f"Resource({table.model.__name__}, filters={{'{name}': …}}): the shown value of "
                f"`{name}` is not the stored one, which filters would reveal. If they may, write "
                f"queryable=['{name}']."
            )
        allowed = operators_of(field)
        if operator not in allowed:
            raise ConfigurationError(
                f"Resource({table.model.__name__}, filters=…): `{name}` has no operator "
                f"`{operator}`{did_you_mean(operator, allowed)}; it has {', '.join(allowed)}."
            )
