"""Paths from a resource to a field: its own, or one that its relations lead to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ...catalog.names import did_you_mean
from ...catalog.tables import Catalog, Field, Table
from ...errors import InvalidRequest
from ...shape.conditions import Step, Through
from ..parameters import refuse_parameter
from .operators import OPERATORS


class Place(NamedTuple):
    """Where something stands in a request: a parameter, and a character in its value."""

    parameter: str
    position: int | None = None

    def refuse(self, message: str, code: str = "invalid_value") -> InvalidRequest:
        """The error for what stands here."""
        return refuse_parameter(self.parameter, message, code, self.position)


class FieldPath(NamedTuple):
    """A field and how it is reached.

    Args:
        table: The resource that has the field.
        field: The field.
        through: The relations that lead to it.
    """

    table: Table
    field: Field
    through: Through = ()


class UnknownPath(NamedTuple):
    """A path that leads to no field.

    Args:
        path: The path.
        known: The paths that lead further from where it ends.
    """

    path: str
    known: Sequence[str]

    @property
    def suggestion(self) -> str:
        """The closest path that leads further, in brackets; empty where none is close."""
        return did_you_mean(self.path, self.known)


class TooDeep(NamedTuple):
    """A path that goes through more relations than are allowed."""

    limit: int

    def __str__(self) -> str:
        return f"should go through at most {self.limit} relations"


def find_field(catalog: Catalog, table: Table, path: str) -> FieldPath | UnknownPath | TooDeep:
    """Follow a path, as in `team.city`.

    Args:
        catalog: The catalog.
        table: Where it starts.
        path: Names of relations and a field, joined by dots.

    Returns:
        The field, or why there is none. One that may not be queried is one that there is not.
    """
    through: list[Step] = []
    rest, here = path, table
    while (field := here.queryable.get(rest)) is None:
        name, dot, below = rest.partition(".")
        relation = here.paths.get(name) if dot else None
        if relation is None:
            before = path.removesuffix(rest)
            further = [f"{known}.{below}" if dot else known for known in here.paths]
            known = [before + known for known in (*further, *here.queryable)]
            return UnknownPath(path, known)
        if len(through) == catalog.limits.max_path_depth:
            return TooDeep(catalog.limits.max_path_depth)
        here, rest = catalog.target_of(relation), below
        through.append(Step(relation, here))
    return FieldPath(here, field, tuple(through))


def split_operator(name: str) -> tuple[str, str | None]:
    """Split `age__gte` into `age` and `gte`; the latter is None where there is none."""
    path, separator, operator = name.rpartition("__")
    return (path, operator) if separator else (name, None)


def find_compared(
    catalog: Catalog, table: Table, name: str
) -> tuple[FieldPath | UnknownPath | TooDeep, str | None]:
    """Find the field that a comparison names, as in `team.city__icontains`.

    Args:
        catalog: The catalog.
        table: Where the path starts.
        name: A path, with or without an operator.

    Returns:
        The field, or why there is none, and the operator; None where the name has none.
    """
    whole = find_field(catalog, table, name)
    path, operator = split_operator(name)
    if isinstance(whole, FieldPath) or operator is None:
        return whole, None
    return find_field(catalog, table, path), operator


def suggest_parameter(catalog: Catalog, table: Table, name: str, parameters: Iterable[str]) -> str:
    """Name the parameter that was probably meant, in brackets; empty where none is close."""
    path, operator = split_operator(name)
    path, end = (path, f"__{operator}") if operator in OPERATORS else (name, "")
    if "." not in name:
        fields = table.queryable
        return did_you_mean(path, fields if end else [*parameters, *fields], end)
    found = find_field(catalog, table, path)
    if not isinstance(found, UnknownPath):
        return ""
    return did_you_mean(path, found.known, end)
