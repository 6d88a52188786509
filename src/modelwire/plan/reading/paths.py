"""Paths from a resource to a field, through relations, and into the documents of JSON columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ...catalog.documents import Part, enter, is_document, names_below, whole_of, write_step
from ...catalog.field import Field
from ...catalog.tables import Catalog, Table
from ...errors import InvalidRequest
from ...memory import SHORT
from ...shape.conditions import Step, Through
from ...suggestions import did_you_mean
from ..parameters import refuse_parameter


class ParameterSpan(NamedTuple):
    """Place in a request: a parameter, and a character in its value."""

    parameter: str
    position: int | None = None

    def refuse(self, message: str, code: str = "invalid_value") -> InvalidRequest:
        """Return the error for this place."""
        return refuse_parameter(self.parameter, message, code, self.position)


class FieldPath(NamedTuple):
    """Field with the path that leads to it.

    Args:
        table: The resource that has the field.
        field: The field, or a part of its documents.
        through: The relations that lead to it.
    """

    table: Table
    field: Field
    through: Through = ()


class UnknownPath(NamedTuple):
    """Path that does not lead to a field."""

    path: str


class TooDeep(NamedTuple):
    """Path that is over a limit."""

    message: str

    def __str__(self) -> str:
        return self.message


def find_field(catalog: Catalog, table: Table, path: str) -> FieldPath | UnknownPath | TooDeep:
    """Follow a path, as in `team.city`.

    Args:
        catalog: The catalog.
        table: The resource where it starts.
        path: Names of relations and a field, joined by dots.

    Returns:
        The field, or the reason why there is none. Fields that may not be queried count as missing.
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
        The part, or the reason why there is none; None if the name is unknown, or the column has no
        documents.
    """
    steps = split_steps(path) if is_document(field) else None
    if steps is None:
        return None
    # Cached paths may not be longer than other cached texts of clients.
    limit = catalog.limits.max_json_depth
    if len(steps) > limit:
        return TooDeep(f"should go at most {limit} names and positions into a JSON column")
    if len(path) > SHORT:
        return TooDeep(f"should go into a JSON column by at most {SHORT} characters")
    return enter(field, steps)


def split_steps(path: str) -> tuple[str, ...] | None:
    """Split a path into its steps, which may be in double quotes; return None if it is
    malformed."""
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
    return _WHOLE.fullmatch(text) is not None


def unquote(text: str) -> str:
    """Remove the double quotes of a text, in which a backslash escapes the next character; return
    any other text as it is."""
    return _ESCAPE.sub(r"\1", text[1:-1]) if is_quoted(text) else text


def split_names(text: str) -> Sequence[str]:
    """Split a list of paths at its commas, except for those in double quotes."""
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
    """Split `age__gte` into `age` and `gte`; the operator is None if there is none."""
    path, separator, operator = name.rpartition("__")
    return (path, operator) if separator and '"' not in operator else (name, None)


def find_compared(
    catalog: Catalog, table: Table, name: str
) -> tuple[FieldPath | UnknownPath | TooDeep, str | None]:
    """Find the field that a comparison names, as in `team.city__icontains`.

    Args:
        catalog: The catalog.
        table: The resource where the path starts.
        name: A path, with or without an operator.

    Returns:
        The field, or the reason why there is none, and the operator; None if the name has none.
    """
    whole = find_field(catalog, table, name)
    path, operator = split_operator(name)
    if operator is None or _is_field(whole):
        return whole, None
    # Documents may have any names: text after `__` is taken for an operator there.
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
    """Suggest the path that was probably meant, in parentheses; empty if none is close.

    Args:
        catalog: The catalog.
        table: The resource where it starts.
        path: The path that does not exist, or is not allowed here.
        accepts: Tells whether a path that leads to a field would be allowed here.
        others: Other names that would be allowed here.
        end: Text to append to the path.
    """
    here, before, rest = _follow(catalog, table, path)
    near = _near_document(here, rest) or NearPart("", rest, _names_near(here, rest))
    start = before + near.start
    known = [] if start else list(others)
    for name in near.names:
        found = find_field(catalog, table, start + name)
        if isinstance(found, FieldPath) and accepts(start + name, found):
            known.append(name)
    return did_you_mean(near.rest, known, start=start, end=end)


class NearPart(NamedTuple):
    """Known beginning of a path that leads to nothing.

    Args:
        start: The known beginning, with a dot at its end.
        rest: The rest of the path.
        names: Names that could replace the rest.
    """

    start: str
    rest: str
    names: Iterable[str]


def near_part(field: Field, path: str) -> NearPart | None:
    """Follow a path into the documents of a column as far as it exists; return None for other
    columns."""
    if not is_document(field):
        return None
    part, steps = whole_of(field), split_steps(path) or ()
    while len(steps) > 1 and (inner := enter(field, (*part.steps, steps[0]))) is not None:
        part, steps = inner, steps[1:]
    start = ".".join((field.name, *map(write_step, part.steps), ""))
    names = map(write_step, names_below(field, part.steps))
    return NearPart(start, ".".join(map(write_step, steps)), names)


def _near_document(table: Table, path: str) -> NearPart | None:
    name, dot, below = path.partition(".")
    field = table.queryable.get(name) if dot else None
    return None if field is None else near_part(field, below)


def _follow(catalog: Catalog, table: Table, path: str) -> tuple[Table, str, str]:
    """Follow the relations that a path begins with; return the resource, the beginning, and the
    rest."""
    here, rest = table, path
    name, dot, below = rest.partition(".")
    while dot and (relation := here.paths.get(name)) is not None:
        here, rest = catalog.target_of(relation), below
        name, dot, below = rest.partition(".")
    return here, path.removesuffix(rest), rest


def _names_near(table: Table, path: str) -> Iterator[str]:
    """Yield the fields of a table, and the path with each relation of the table as its first
    name."""
    yield from table.queryable
    _, dot, below = path.partition(".")
    if dot:
        yield from (f"{name}.{below}" for name in table.paths)
