"""Outcomes of new rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from .bodies import Faults, Ties, check_new
from .known import TABLES, Key, Relation, Row, Table, is_allowed
from .outcomes import Outcome, Refused, as_key, check_links, items_of, raise_faults, relation_of
from .state import taken
from .steps import Step

_placeholders = count(1)


def create(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    outcome.status = 201
    bodies, pointers = items_of(step)
    faults = Faults()
    for body, pointer in zip(bodies, pointers, strict=True):
        check_new(step.table, body, pointer, faults)
    raise_faults(faults)
    outcome.rows = [
        add(outcome, step.table, body, pointer)
        for body, pointer in zip(bodies, pointers, strict=True)
    ]


def create_child(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    outcome.status = 201
    table, relation = TABLES[step.table], relation_of(step)
    own = dict(zip(table.key, step.key, strict=True)).get(relation.own)
    ties = {} if relation.link else {relation.other: own}
    faults = Faults()
    check_new(relation.table, step.body, "", faults, ties)
    raise_faults(faults)
    if step.key not in outcome.state.rows[step.table]:
        raise Refused("not_found", (), f"{table.title} not found")
    key = add(outcome, relation.table, step.body, "", ties)
    if relation.link:
        outcome.state.add_link(relation, own, key[0])
    outcome.rows = [key]


def add(outcome: Outcome, name: str, body: Any, pointer: str, ties: Ties | None = None) -> Key:
    """Add a row, after those that it refers to, before those that refer to it."""
    state, table = outcome.state, TABLES[name]
    row = {c: body.get(c, spec.default) for c, spec in table.columns.items()} | dict(ties or {})
    if table.numbered:
        row["id"] = -next(_placeholders)
    named = {n: r for n, r in table.relations.items() if body.get(n) is not None}
    for field_, relation in named.items():
        if relation.holds:
            row[relation.own] = add(outcome, relation.table, body[field_], f"{pointer}/{field_}")[0]
    key = table.key_of(row)
    if key in state.rows[name]:
        outcome.refuse(taken(table.key, pointer))
    for violation in state.violations(name, key, row, pointer):
        outcome.refuse(violation)
    state.rows[name][key] = row
    outcome.made.setdefault(name, []).append(key)
    for field_, relation in named.items():
        if not relation.holds:
            _add_related(outcome, row, relation, body[field_], f"{pointer}/{field_}")
    return key


def _add_related(
    outcome: Outcome, row: Row, relation: Relation, items: Sequence[Any], place: str
) -> None:
    own = row[relation.own]
    ties = {} if relation.link else {relation.other: own}
    keys = []
    for index, item in enumerate(items):
        if isinstance(item, dict):
            (made,) = add(outcome, relation.table, item, f"{place}/{index}", ties)
            if relation.link:
                outcome.state.add_link(relation, own, made)
        else:
            keys.append((as_key(relation.table, item), f"{place}/{index}"))
    check_links(outcome, relation, keys)
    for value, _ in keys:
        outcome.state.add_link(relation, own, value)


def upsert(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    bodies, pointers = items_of(step)
    table, faults = TABLES[step.table], Faults()
    for body, pointer in zip(bodies, pointers, strict=True):
        named = [field_ for field_ in body if field_ in table.relations and _is_open(table, field_)]
        faults.invalid += [(f"{pointer}/{field_}", "nested_write") for field_ in named]
    raise_faults(faults)
    for body, pointer in zip(bodies, pointers, strict=True):
        check_new(step.table, body, pointer, faults)
    if not faults.invalid:
        _check_distinct(step, bodies, pointers, faults)
    raise_faults(faults)
    for body, pointer in zip(bodies, pointers, strict=True):
        outcome.rows.append(_store(outcome, step, body, pointer))


def _is_open(table: Table, field_: str) -> bool:
    relation = table.relations[field_]
    return relation.nested or relation.link is not None


def _check_distinct(
    step: Step, bodies: Sequence[Row], pointers: Sequence[str], faults: Faults
) -> None:
    seen = set()
    for body, pointer in zip(bodies, pointers, strict=True):
        values = tuple(body.get(column) for column in step.unique)
        if values in seen:
            faults.beyond.append((pointer, "duplicate_key"))
        if None not in values:
            seen.add(values)


def _store(outcome: Outcome, step: Step, body: Row, pointer: str) -> Key:
    """Store a row, or find the one with its key and write what was sent to it."""
    state, table = outcome.state, TABLES[step.table]
    values = [body.get(column) for column in step.unique]
    rows = outcome.before.rows[step.table].items()
    found = [key for key, row in rows if [row[column] for column in step.unique] == values]
    if None in values or not found:
        return add(outcome, step.table, body, pointer)
    (key,) = found
    proposed = {c: body.get(c, spec.default) for c, spec in table.columns.items()}
    if not is_allowed(step.table, proposed):
        # Checks come before keys.
        for violation in state.violations(step.table, key, proposed, pointer):
            if violation[0] == "check":
                outcome.refuse(violation)
    sent = {c: body[c] for c in table.writable if c in body and c not in step.unique}
    if step.resolution != "ignore-duplicates" and sent:
        row = state.rows[step.table][key]
        row.update(sent)
        if table.version:
            row[table.version] += 1
        for violation in state.violations(step.table, key, row, pointer):
            outcome.refuse(violation)
    return key
