"""Paths from a resource to a field: its own, or one that its relations lead to; in a JSON column,
further to a part of its documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ...catalog.documents import Part, enter, is_document, names_below, whole_of, write_step
from ...catalog.field import Field
from ...catalog.names import did_you_mean
from ...catalog.tables import Catalog, Table
from ...errors import InvalidRequest
from ...memory import SHORT
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
        field: The field, or a part of the documents in one.
        through: The relations that lead to it.
    """

    table: Table
    field: Field
    through: Through = ()


class UnknownPath(NamedTuple):
    """A path that leads to no field."""

    path: str


class TooDeep(NamedTuple):
    """A path that is over a limit."""

    message: str

    def __str__(self) -> str:
        return self.message


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
            whole = here.queryable.get(name) if dot else None
            part = None if whole is None else find_part(catalog, whole, below)
            if not isinstance(part, Part):
                return part or UnknownPath(path)
            return FieldPath(here, part, tuple(through))
        if len(through) == catalog.limits.max_path_depth:
            return TooDeep(f"should go through at most {len(through)} relations")
        here, rest = catalog.target_of(relation), below
        through.append(Step(relation, here))
    return FieldPath(here, field, tuple(through))


def find_part(catalog: Catalog, field: Field, path: str) -> Part | TooDeep | None:
    """Follow a path into the documents of a column, as in `size."depth in m"` or `tags.0`.

    Args:
        catalog: The catalog.
        field: The column.
        path: Names and positions, joined by dots.

    Returns:
        The part, or why there is none; None where there is no such name, or the column has no
        documents.
    """
    steps = split_steps(path) if is_document(field) else None
    if steps is None:
        return None
    # What is kept of a path is no longer than any other text of a client's that is.
    limit = catalog.limits.max_json_depth
    if len(steps) > limit:
        return TooDeep(f"should go at most {limit} names and positions into a JSON column")
    if len(path) > SHORT:
        return TooDeep(f"should go into a JSON column by at most {SHORT} characters")
    return enter(field, steps)


def split_steps(path: str) -> tuple[str, ...] | None:
    """Split a path into its steps, any of which may be in double quotes; None if it is none."""
    if '"' not in path:
        steps = tuple(path.split("."))
        return steps if all(steps) else None
    found, at = [], 0
    while (step := _STEP.match(path, at)) is not None:
        found.append(unquote(step[0]))
        at = step.end() + 1
        if step.end() == len(path):
            return tuple(found)
        if path[step.end()] != ".":
            break
    return None


_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_STEP = re.compile(rf'{_QUOTED}|[^."]+', re.DOTALL)
_WHOLE = re.compile(_QUOTED, re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NAME = re.compile(r"""(?:[^,"]|"(?:[^"\\]|\\.?)*+(?:"|\Z))*+""", re.DOTALL)


def is_quoted(text: str) -> bool:
    """Whether a text is in double quotes."""
    return text[:1] == '"' and _WHOLE.fullmatch(text) is not None


def unquote(text: str) -> str:
    """What stands in the double quotes of a text, where a backslash takes the next character as it
    is; the text itself where it is in none."""
    return _ESCAPE.sub(r"\1", text[1:-1]) if is_quoted(text) else text


def split_names(text: str) -> Sequence[str]:
    """Split a list of paths at its commas, but for those in double quotes."""
    if '"' not in text:
        return text.split(",")
    found, at = [], 0
    while at <= len(text):
        name = _NAME.match(text, at)
        end = at if name is None else name.end()
        found.append(text[at:end])
        at = end + 1
    return found


def split_operator(name: str) -> tuple[str, str | None]:
    """Split `age__gte` into `age` and `gte`; the latter is None where there is none."""
    path, separator, operator = name.rpartition("__")
    return (path, operator) if separator and '"' not in operator else (name, None)


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
    if operator is None or _is_field(whole):
        return whole, None
    # A name in a document may be any: what stands behind `__` is an operator there.
    found = find_field(catalog, table, path)
    if isinstance(whole, FieldPath) and not isinstance(found, FieldPath):
        return whole, None
    return found, operator


def _is_field(found: FieldPath | UnknownPath | TooDeep) -> bool:
    return isinstance(found, FieldPath) and not isinstance(found.field, Part)


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
    near = _near_document(catalog, here, rest) or NearPart("", rest, _names_near(here, rest))
    start = before + near.start
    known = [] if start else list(others)
    for name in near.names:
        found = find_field(catalog, table, start + name)
        if isinstance(found, FieldPath) and accepts(start + name, found):
            known.append(name)
    return did_you_mean(near.rest, known, start=start, end=end)


class NearPart(NamedTuple):
    """Where a path leads that leads to nothing.

    Args:
        start: What of it is known, with the dot at its end.
        rest: What is left of it.
        names: What could stand there instead.
    """

    start: str
    rest: str
    names: Iterable[str]


def near_part(catalog: Catalog, field: Field, path: str) -> NearPart | None:
    """Follow a path into the documents of a column as far as it is known; None if it has none."""
    if not is_document(field):
        return None
    part, steps = whole_of(field), (len(path) <= SHORT and split_steps(path)) or ()
    steps = steps[: catalog.limits.max_json_depth]
    while len(steps) > 1 and (inner := enter(field, (*part.steps, steps[0]))) is not None:
        part, steps = inner, steps[1:]
    start = ".".join((field.name, *map(write_step, part.steps), ""))
    names = map(write_step, names_below(field, part.steps))
    return NearPart(start, ".".join(map(write_step, steps)), names)


def _near_document(catalog: Catalog, table: Table, path: str) -> NearPart | None:
    name, dot, below = path.partition(".")
    field = table.queryable.get(name) if dot else None
    return None if field is None else near_part(catalog, field, below)


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
