"""Outcomes of changes of existing rows, and of their links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .bodies import Faults, check_change, check_echoes, is_echo
from .known import TABLES, Key, Row
from .outcomes import (
    Outcome,
    Refused,
    as_key,
    check_links,
    check_tag,
    check_there,
    items_of,
    matching,
    raise_faults,
    relation_of,
)
from .state import merge, still_referenced, taken
from .steps import Step


def change(outcome: Outcome, step: Step, known: Mapping[str, Row]) -> None:
    table, faults = TABLES[step.table], Faults()
    check_change(table, step.body, "", faults, method=step.method)
    raise_faults(faults)
    check_tag(outcome, step, known)
    _check_echoes(outcome, step.table, [(step.key, step.body, "")], step.method)
    key = _set(outcome, step.table, step.key, step.body, "", step.method)
    outcome.rows = [key]
    _check_changed(outcome, step.table, [(step.key, key, "")])


def bulk_update(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    table = TABLES[step.table]
    if table.requires_tag:
        raise Refused("precondition_required")
    faults = Faults()
    bodies, pointers = items_of(step)
    pairs = []
    seen = set()
    for body, pointer in zip(bodies, pointers, strict=True):
        rest = {name: value for name, value in body.items() if name not in table.key}
        missing = [name for name in table.key if name not in body]
        faults.invalid += [(f"{pointer}/{name}", "missing") for name in missing]
        check_change(table, rest, pointer, faults, method="PATCH")
        if not missing:
            key = table.key_of(body)
            if key in seen:
                faults.invalid.append((pointer, "duplicate_key"))
            seen.add(key)
            pairs.append((key, rest, pointer))
    raise_faults(faults)
    check_there(outcome, step.table, [(key, pointer) for key, _, pointer in pairs])
    _check_echoes(outcome, step.table, pairs, "PATCH")
    outcome.rows = [
        _set(outcome, step.table, key, rest, pointer, "PATCH") for key, rest, pointer in pairs
    ]
    _check_changed(outcome, step.table, [(key, key, pointer) for key, _, pointer in pairs])


def _check_echoes(
    outcome: Outcome, name: str, changes: Sequence[tuple[Key, Any, str]], method: str
) -> None:
    """Refuse what is sent back other than it is, of the first row that has it."""
    for key, body, pointer in changes:
        row = outcome.before.rows[name][key]
        faults = check_echoes(TABLES[name], row, body, pointer, method=method)
        if faults:
            raise Refused("invalid", faults)


def _set(
    outcome: Outcome, name: str, key: Key, body: Mapping[str, Any], pointer: str, method: str
) -> Key:
    """Set what a body gives; returns the key that the row has then."""
    state, table = outcome.state, TABLES[name]
    given = {
        f: v
        for f, v in body.items()
        if not is_echo(table, f, v) and (v is not None or method != "PUT")
    }
    links = {f: given.pop(f) for f in list(given) if f in table.relations}
    row = state.rows[name].pop(key)
    for column, value in given.items():
        is_patch = method == "PATCH" and table.columns[column].kind == "json"
        row[column] = merge(row[column], value) if is_patch else value
    if table.version and (given or links):
        row[table.version] += 1
    new = table.key_of(row)
    state.rows[name][new] = row
    for field_, values in links.items():
        relation = table.relations[field_]
        keys = [
            (as_key(relation.table, v), f"{pointer}/{field_}/{i}") for i, v in enumerate(values)
        ]
        check_links(outcome, relation, keys)
        state.set_links(relation, row[relation.own], [value for value, _ in keys])
    return new


def _check_changed(outcome: Outcome, name: str, changed: Sequence[tuple[Key, Key, str]]) -> None:
    """Check constraints on changed rows: their old keys, new keys and pointers."""
    before, state, table = outcome.before, outcome.state, TABLES[name]
    for old, new, pointer in changed:
        row = state.rows[name][new]
        for violation in state.violations(name, new, row, pointer):
            outcome.refuse(violation)
        for columns in before.unique_conflicts(name, old, row):
            outcome.refusals.append(taken(columns, pointer))
        if old == new:
            continue
        if new in before.rows[name]:
            outcome.refuse(taken(table.key, pointer))
        for by, _, _, _ in before.referrers(name, before.rows[name][old]):
            outcome.refuse(still_referenced(name, by, None))


def mass_update(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    keys = matching(outcome, step, lambda: _check_patch(step))
    _check_echoes(outcome, step.table, [(key, step.body, "") for key in keys], "PATCH")
    table = TABLES[step.table]
    sets = [name for name, value in step.body.items() if not is_echo(table, name, value)]
    outcome.affected = len(keys) if sets else 0
    changed = []
    for key in keys:
        if sets:
            new = _set(outcome, step.table, key, step.body, "", "PATCH")
            changed.append((key, new, ""))
    _check_changed(outcome, step.table, changed)


def _check_patch(step: Step) -> None:
    faults = Faults()
    check_change(TABLES[step.table], step.body, "", faults, method="PATCH", links=False)
    raise_faults(faults)


def link(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    outcome.status = 204
    table, relation = TABLES[step.table], relation_of(step)
    if step.key not in outcome.before.rows[step.table]:
        raise Refused("not_found", (), f"{table.title} not found")
    if step.other not in outcome.before.rows[relation.table]:
        raise Refused("not_found", (), f"{TABLES[relation.table].title} not found")
    own, other = step.key[0], step.other[0]
    there = set(outcome.before.linked(relation, own))
    wanted = there | {other} if step.kind == "link" else there - {other}
    outcome.state.set_links(relation, own, sorted(wanted))
