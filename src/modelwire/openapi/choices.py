"""The names that `sort`, `fields` and `include` choose from: a schema each, with a name."""

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
    """The paths by which a list can be sorted, in both directions: through one relation at most.

    One that generators of clients fold into another is left out: `team.id` is `team_id` anyway.
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
    """The paths into documents that annotations describe, to values of some kinds."""
    fields = subject.table.queryable.values()
    parts = (part for field in fields for part in described_parts(field) if part.kind in kinds)
    found = {_fold(part.name): part.name for part in parts if '"' not in part.name}
    return list(found.values())


def include_paths(subject: Subject, most: int = 2, before: Relation | None = None) -> Iterator[str]:
    """The relations that can be shown; those that are deeper are written alike.

    Args:
        subject: The resource.
        most: How many relations a path goes through, at most.
        before: The relation by which a path has come to the resource.
    """
    for name, relation in subject.table.includes.items():
        if before is None or may_follow(subject.table, relation, before):
            yield name
            further = include_paths(subject.related(name), most - 1, relation) if most > 1 else ()
            yield from (f"{name}.{below}" for below in further)


def choose_sort(subject: Subject) -> JSONSchema | None:
    """The schema of what a list is sorted by; None where there is nothing to sort by."""
    return _choose(subject, "Sort", sort_paths(subject))


def choose_fields(subject: Subject) -> JSONSchema | None:
    """The schema of the fields to show; None where there are none."""
    names = list(subject.table.readable)
    folded = {_fold(name) for name in names}
    names += [path for path in part_paths(subject) if _fold(path) not in folded]
    return _choose(subject, "Field", names)


def choose_include(subject: Subject) -> JSONSchema | None:
    """The schema of the relations to show; None where there are none."""
    return _choose(subject, "Include", list(include_paths(subject)))


def _choose(subject: Subject, suffix: str, names: Sequence[str]) -> JSONSchema | None:
    """The schema of a list of some names, each of which is an item of an enumeration."""
    if not names:
        return None
    title = f"{subject.name}{suffix}"
    schema: JSONSchema = {"title": title, "type": "string", "enum": names}
    constants = _name_constants(names)
    if any(name.startswith("-") for name in names):
        schema["x-enum-varnames"] = constants
    return {"type": "array", "items": subject.components.refer("schemas", title, lambda: schema)}


def _name_constants(names: Sequence[str]) -> list[str]:
    """What generated clients are to call some choices, as in `CREATED_AT_DESC`: each otherwise."""
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
