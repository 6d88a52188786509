"""Enumerations of the names that `sort`, `fields` and `include` accept."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from ..catalog.documents import described_parts
from ..catalog.kinds import SORTABLE, Kind
from ..catalog.relation import Relation
from ..plan.reading.includes import may_follow
from .context import Subject
from .values import JSONSchema

_NOT_IN_IDENTIFIERS = re.compile(r"\W")


def sort_paths(subject: Subject) -> list[str]:
    """Return the paths that a list can be sorted by, in both directions.

    A path goes through one relation at most. One that code generators would fold into another is
    left out: `team.id` is the same as `team_id`.
    """
    table = subject.table
    paths = [f.name for f in table.queryable.values() if f.kind in SORTABLE]
    folded = {_fold(path) for path in paths}
    paths += [path for path in part_paths(subject, SORTABLE) if _fold(path) not in folded]
    folded |= {_fold(path) for path in paths}
    for name, relation in table.paths.items():
        if not relation.many and relation.link is None:
            target = subject.related(name).table
            fields = [f for f in target.queryable.values() if f.kind in SORTABLE]
            through = {_fold(f"{name}.{f.name}"): f"{name}.{f.name}" for f in fields}
            paths += [path for key, path in through.items() if key not in folded]
            folded |= through.keys()
    return [f"{sign}{path}" for path in paths for sign in ("", "-")]


def part_paths(subject: Subject, kinds: Collection[Kind] = tuple(Kind)) -> list[str]:
    """Return the paths to values of some kinds inside JSON fields of known types."""
    fields = subject.table.queryable.values()
    parts = (part for field in fields for part in described_parts(field) if part.kind in kinds)
    found = {_fold(part.name): part.name for part in parts if '"' not in part.name}
    return list(found.values())


def include_paths(subject: Subject, most: int = 2, before: Relation | None = None) -> Iterator[str]:
    """Yield the paths of relations that can be included; deeper paths follow the same form.

    Args:
        subject: The resource.
        most: The most relations that a path may go through.
        before: The relation through which the path has reached this resource.
    """
    for name, relation in subject.table.includes.items():
        if before is None or may_follow(subject.table, relation, before):
            yield name
            further = include_paths(subject.related(name), most - 1, relation) if most > 1 else ()
            yield from (f"{name}.{below}" for below in further)


def choose_sort(subject: Subject) -> JSONSchema | None:
    """Return the schema of `sort`; None where the resource has no sortable field."""
    return _choose(subject, "Sort", sort_paths(subject))


def choose_fields(subject: Subject) -> JSONSchema | None:
    """Return the schema of `fields`; None where the resource has none."""
    names = list(subject.table.readable)
    folded = {_fold(name) for name in names}
    names += [path for path in part_paths(subject) if _fold(path) not in folded]
    return _choose(subject, "Field", names)


def choose_include(subject: Subject) -> JSONSchema | None:
    """Return the schema of `include`; None where the resource has no includes."""
    return _choose(subject, "Include", list(include_paths(subject)))


def _choose(subject: Subject, suffix: str, names: Sequence[str]) -> JSONSchema | None:
    """Return the schema of a list of names from one named enumeration."""
    if not names:
        return None
    title = f"{subject.name}{suffix}"
    schema: JSONSchema = {"title": title, "type": "string", "enum": names}
    constants = _name_constants(names)
    if any(name.startswith("-") for name in names):
        schema["x-enum-varnames"] = constants
    return {"type": "array", "items": subject.components.refer("schemas", title, lambda: schema)}


def _name_constants(names: Sequence[str]) -> list[str]:
    """Return unique constant names for generated clients, such as `CREATED_AT_DESC`."""
    found: list[str] = []
    for name in names:
        constant = _NOT_IN_IDENTIFIERS.sub("_", name.removeprefix("-")).upper()
        constant = f"_{constant}" if constant[:1].isdigit() else constant
        constant += "_DESC" if name.startswith("-") else ""
        while constant in found:
            constant += "_"
        found.append(constant)
    return found


def _fold(path: str) -> str:
    return re.sub(r"[\W_]", "", path).lower()
