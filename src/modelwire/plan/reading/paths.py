"""Paths from a resource to a field: its own, or one that its relations lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ...catalog.names import did_you_mean
from ...catalog.tables import Catalog, Field, Table
from ...errors import InvalidRequest
from ...shape.conditions import Step, Through
from ..parameters import refuse_parameter


class ParameterSpan(NamedTuple):
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
    """A path that leads to no field."""

    path: str


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
            return UnknownPath(path)
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


def suggest_path(
    catalog: Catalog,
    table: Table,
    path: str,
    accepts: Callable[[str, FieldPath], bool],
    *,
    others: Iterable[str] = (),
    end: str = "",
) -> str:
    """Name the path that was probably meant, in brackets; empty where none is close.

    Args:
        catalog: The catalog.
        table: Where it starts.
        path: The path that there is not, or that can't stand where it does.
        accepts: Whether a path, which leads to a field, could stand there.
        others: What else could stand there.
        end: What stands behind the path.
    """
    here, before, rest = _follow(catalog, table, path)
    known = [] if before else list(others)
    for name in _names_near(here, rest):
        found = find_field(catalog, table, before + name)
        if isinstance(found, FieldPath) and accepts(before + name, found):
            known.append(name)
    return did_you_mean(rest, known, start=before, end=end)


def _follow(catalog: Catalog, table: Table, path: str) -> tuple[Table, str, str]:
    """Follow the relations that a path begins with: where they lead, they, and what is left."""
    here, rest = table, path
    name, dot, below = rest.partition(".")
    while dot and (relation := here.paths.get(name)) is not None:
        here, rest = catalog.target_of(relation), below
        name, dot, below = rest.partition(".")
    return here, path.removesuffix(rest), rest


def _names_near(table: Table, path: str) -> Iterator[str]:
    """The fields of a table, and the path with every relation of the table as its first name."""
    yield from table.queryable
    _, dot, below = path.partition(".")
    if dot:
        yield from (f"{name}.{below}" for name in table.paths)
