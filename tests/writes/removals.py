"""Outcomes of removals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .bodies import Faults, is_key
from .known import TABLES, Key, Row
from .outcomes import (
    Outcome,
    Refused,
    as_whole_key,
    check_tag,
    check_there,
    items_of,
    matching,
    raise_faults,
)
from .state import still_referenced
from .steps import Step


def delete(outcome: Outcome, step: Step, known: Mapping[str, Row]) -> None:
    outcome.status = 204
    check_tag(outcome, step, known)
    _remove(outcome, step.table, [(step.key, "")])


def bulk_delete(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    outcome.status = 204
    if TABLES[step.table].requires_tag:
        raise Refused("precondition_required")
    items, pointers = items_of(step)
    faults, keys = Faults(), []
    seen = set()
    for item, pointer in zip(items, pointers, strict=True):
        if not is_key(step.table, item):
            faults.invalid.append((pointer, "invalid_key"))
            continue
        key = as_whole_key(step.table, item)
        if key in seen:
            faults.invalid.append((pointer, "duplicate_key"))
        seen.add(key)
        keys.append((key, pointer))
    raise_faults(faults)
    check_there(outcome, step.table, keys)
    _remove(outcome, step.table, keys)


def _remove(outcome: Outcome, table: str, keys: Sequence[tuple[Key, str]]) -> None:
    pointers = dict(keys)
    for key, names in outcome.state.remove(table, list(pointers)).items():
        for by in names:
            outcome.refuse(still_referenced(table, by, pointers[key]))


def mass_delete(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    keys = matching(outcome, step, lambda: None)
    outcome.affected = len(keys)
    _remove(outcome, step.table, [(key, "") for key in keys])
