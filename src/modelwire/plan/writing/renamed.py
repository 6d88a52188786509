"""Places of faults in bodies, where fields have other names than in answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ...catalog.names import escape_pointer
from ...catalog.tables import Catalog, Table
from ...errors import RequestError, Violation
from ...memory import kept
from ...request.body import parse_json


@kept
def has_renamed(catalog: Catalog, table: Table) -> bool:
    """Whether a field of a row, or of rows nested in it, has another name in bodies."""
    seen: set[str] = set()
    found = [table]
    for one in found:
        seen.add(one.name)
        targets = (catalog.target_of(relation) for relation in one.nested.values())
        found += [target for target in targets if target.name not in seen]
    return any(one.renamed for one in found)


def point_into(errors: Iterable[RequestError], catalog: Catalog, table: Table, body: bytes) -> None:
    """Let errors point to where a body has the fields at fault.

    Faults that are not about the schema of a body are found by fields, which have the names that
    they have in answers.

    Args:
        errors: The errors.
        catalog: The catalog.
        table: The resource of the rows in the body.
        body: The body.
    """
    pointing = [e for e in errors if any(violation.pointer for violation in e.violations)]
    if pointing and has_renamed(catalog, table):
        value = parse_json(body)
        for error in pointing:
            error.violations = tuple(_move(v, catalog, table, value) for v in error.violations)


def _move(violation: Violation, catalog: Catalog, table: Table, body: Any) -> Violation:
    if not violation.pointer:
        return violation
    steps = [s.replace("~1", "/").replace("~0", "~") for s in violation.pointer.split("/")[1:]]
    places: list[str] = []
    for step in steps:
        found = _find(body, step, table.renamed.get(step, ()))
        places += found
        body = _descend(body, found)
        relation = table.nested.get(step)
        table = table if relation is None else catalog.target_of(relation)
    return replace(violation, pointer="".join(f"/{escape_pointer(step)}" for step in places))


def _find(body: Any, step: str, others: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return the steps to a field: those that the body has, or else those that it should have."""
    if not others or not isinstance(body, dict) or step in body:
        return (step,)
    return next((place for place in others if _descend(body, place) is not None), others[0])


def _descend(body: Any, steps: Sequence[str]) -> Any:
    """Return the value at a place; None if there is none."""
    for step in steps:
        if isinstance(body, dict):
            body = body.get(step)
        elif isinstance(body, list) and step.isdecimal() and int(step) < len(body):
            body = body[int(step)]
        else:
            return None
    return body
