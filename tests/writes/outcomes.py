"""What the reference says of one step: how it is answered, and what is stored then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import unquote

from .bodies import Fault, Faults, Ties, check_change, check_new, is_key
from .known import TABLES, Key, Relation, Row
from .state import State, Violation, merge, parent_not_found, still_referenced, taken
from .steps import Step

STATUSES: Mapping[str, int] = {
    "invalid": 422,
    "not_null": 422,
    "too_long": 422,
    "out_of_range": 422,
    "check": 422,
    "not_found": 404,
    "changed": 412,
    "precondition_required": 428,
    "already_exists": 400,
    "parent_not_found": 400,
    "still_referenced": 409,
    "too_many_affected": 400,
}


class Refused(Exception):
    """The step is refused for this, and for nothing else."""

    def __init__(self, code: str, faults: Sequence[Fault] = (), detail: str | None = None) -> None:
        super().__init__(code)
        self.violation: Violation = (code, tuple(faults), detail)


@dataclass
class Outcome:
    """What may come of a step.

    Args:
        before: What is stored.
        state: What is stored if it succeeds.
        status: How that is answered.
        rows: The keys of the rows that are answered then.
        made: The keys of the new rows of each table, in their order.
        refusals: Why it may be refused; any of them may be told.
        certain: Whether it must be. If not, it depends on the order in which the database changes
            the rows: a unique value may be free again in time, or not.
        affected: How many rows a mass change says that it has changed.
    """

    before: State
    state: State
    status: int = 200
    rows: list[Key] = field(default_factory=list)
    made: dict[str, list[Key]] = field(default_factory=dict)
    refusals: list[Violation] = field(default_factory=list)
    certain: bool = False
    affected: int | None = None

    def rename(self, table: str, old: Key, new: Key) -> None:
        """Give a new row the key that the database has made."""
        self.state.rename(table, old, new)
        self.made[table][self.made[table].index(old)] = new
        self.rows = [new if key == old else key for key in self.rows]

    def refuse(self, violation: Violation) -> None:
        self.refusals.append(violation)
        self.certain = True


_placeholders = count(1)


def predict(state: State, step: Step, known: Mapping[str, Row] = {}) -> Outcome:
    """Predict what may come of a step.

    Args:
        state: What is stored.
        step: The step.
        known: Of each entity tag of the table the row that it stands for.
    """
    outcome = Outcome(state, state.copy())
    try:
        _STEPS[step.kind](outcome, step, known)
    except Refused as refused:
        outcome.refusals, outcome.certain = [refused.violation], True
    return outcome


def _create(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    outcome.status = 201
    bodies, pointers = _items(step)
    faults = Faults()
    for body, pointer in zip(bodies, pointers, strict=True):
        check_new(step.table, body, pointer, faults)
    _raise(faults)
    outcome.rows = [
        _add(outcome, step.table, body, pointer)
        for body, pointer in zip(bodies, pointers, strict=True)
    ]


def _create_child(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    outcome.status = 201
    table, relation = TABLES[step.table], _relation_of(step)
    own = dict(zip(table.key, step.key, strict=True)).get(relation.own)
    ties = {} if relation.link else {relation.other: own}
    faults = Faults()
    check_new(relation.table, step.body, "", faults, ties)
    _raise(faults)
    if step.key not in outcome.state.rows[step.table]:
        raise Refused("not_found", (), f"{table.title} not found")
    key = _add(outcome, relation.table, step.body, "", ties)
    if relation.link:
        outcome.state.add_link(relation, own, key[0])
    outcome.rows = [key]


def _add(outcome: Outcome, name: str, body: Any, pointer: str, ties: Ties | None = None) -> Key:
    """Add a row, after those that it refers to, before those that refer to it."""
    state, table = outcome.state, TABLES[name]
    row = {c: body.get(c, spec.default) for c, spec in table.columns.items()} | dict(ties or {})
    if table.numbered:
        row["id"] = -next(_placeholders)
    named = {n: r for n, r in table.relations.items() if body.get(n) is not None}
    for field_, relation in named.items():
        if relation.holds:
            row[relation.own] = _add(outcome, relation.table, body[field_], f"{pointer}/{field_}")[
                0
            ]
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
            (made,) = _add(outcome, relation.table, item, f"{place}/{index}", ties)
            if relation.link:
                outcome.state.add_link(relation, own, made)
        else:
            keys.append((_as_key(relation.table, item), f"{place}/{index}"))
    _check_links(outcome, relation, keys)
    for value, _ in keys:
        outcome.state.add_link(relation, own, value)


def _check_links(outcome: Outcome, relation: Relation, keys: Sequence[tuple[Any, str]]) -> None:
    pointers: dict[Any, str] = {}
    for value, pointer in keys:
        if (value,) not in outcome.state.rows[relation.table]:
            pointers.setdefault(value, pointer)
    if pointers:
        outcome.refuse(parent_not_found(relation.table, list(pointers.values())))


def _change(outcome: Outcome, step: Step, known: Mapping[str, Row]) -> None:
    table, faults = TABLES[step.table], Faults()
    check_change(table, step.body, "", faults, method=step.method)
    _raise(faults)
    _check_tag(outcome, step, known)
    key = _set(outcome, step.table, step.key, step.body, "", step.method)
    outcome.rows = [key]
    _check_changed(outcome, step.table, [(step.key, key, "")])


def _bulk_update(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    table = TABLES[step.table]
    if table.requires_tag:
        raise Refused("precondition_required")
    faults = Faults()
    bodies, pointers = _items(step)
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
    _raise(faults)
    _check_there(outcome, step.table, [(key, pointer) for key, _, pointer in pairs])
    outcome.rows = [
        _set(outcome, step.table, key, rest, pointer, "PATCH") for key, rest, pointer in pairs
    ]
    _check_changed(outcome, step.table, [(key, key, pointer) for key, _, pointer in pairs])


def _set(
    outcome: Outcome, name: str, key: Key, body: Mapping[str, Any], pointer: str, method: str
) -> Key:
    """Set what a body gives; returns the key that the row has then."""
    state, table = outcome.state, TABLES[name]
    given = {f: v for f, v in body.items() if v is not None or method != "PUT"}
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
            (_as_key(relation.table, v), f"{pointer}/{field_}/{i}") for i, v in enumerate(values)
        ]
        _check_links(outcome, relation, keys)
        state.set_links(relation, row[relation.own], [value for value, _ in keys])
    return new


def _check_changed(outcome: Outcome, name: str, changed: Sequence[tuple[Key, Key, str]]) -> None:
    """What constraints say of rows that are changed: their old keys, new keys and pointers."""
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


def _delete(outcome: Outcome, step: Step, known: Mapping[str, Row]) -> None:
    outcome.status = 204
    _check_tag(outcome, step, known)
    _remove(outcome, step.table, [(step.key, "")])


def _bulk_delete(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    outcome.status = 204
    if TABLES[step.table].requires_tag:
        raise Refused("precondition_required")
    items, pointers = _items(step)
    faults, keys = Faults(), []
    seen = set()
    for item, pointer in zip(items, pointers, strict=True):
        if not is_key(step.table, item):
            faults.invalid.append((pointer, "invalid_key"))
            continue
        key = _as_whole_key(step.table, item)
        if key in seen:
            faults.invalid.append((pointer, "duplicate_key"))
        seen.add(key)
        keys.append((key, pointer))
    _raise(faults)
    _check_there(outcome, step.table, keys)
    _remove(outcome, step.table, keys)


def _remove(outcome: Outcome, table: str, keys: Sequence[tuple[Key, str]]) -> None:
    pointers = dict(keys)
    for key, names in outcome.state.remove(table, list(pointers)).items():
        for by in names:
            outcome.refuse(still_referenced(table, by, pointers[key]))


def _mass_update(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    keys = _matching(outcome, step, lambda: _check_patch(step))
    outcome.affected = len(keys) if step.body else 0
    changed = []
    for key in keys:
        if step.body:
            new = _set(outcome, step.table, key, step.body, "", "PATCH")
            changed.append((key, new, ""))
    _check_changed(outcome, step.table, changed)


def _check_patch(step: Step) -> None:
    faults = Faults()
    check_change(TABLES[step.table], step.body, "", faults, method="PATCH", links=False)
    _raise(faults)


def _mass_delete(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    keys = _matching(outcome, step, lambda: None)
    outcome.affected = len(keys)
    _remove(outcome, step.table, [(key, "") for key in keys])


def _matching(outcome: Outcome, step: Step, check: Callable[[], None]) -> list[Key]:
    """The rows that a mass change is for, if it may be made."""
    if TABLES[step.table].requires_tag or step.filter is None or step.limit is None:
        raise Refused("precondition_required")
    check()
    column, operator, operand = step.filter
    rows = outcome.before.rows[step.table].items()
    keys = [key for key, row in rows if _holds(operator, row[column], operand)]
    if len(keys) > step.limit:
        detail = f"{len(keys)} rows match, and at most {step.limit} may be affected"
        raise Refused("too_many_affected", (), detail)
    return keys


def _holds(operator: str, value: Any, operand: Any) -> bool:
    if operator == "isnull":
        return (value is None) is operand
    if value is None:
        return operator == "ne"
    return {"eq": value == operand, "ne": value != operand, "gte": value >= operand}[operator]


def _link(outcome: Outcome, step: Step, _known: Mapping[str, Row]) -> None:
    outcome.status = 204
    table, relation = TABLES[step.table], _relation_of(step)
    if step.key not in outcome.before.rows[step.table]:
        raise Refused("not_found", (), f"{table.title} not found")
    if step.other not in outcome.before.rows[relation.table]:
        raise Refused("not_found", (), f"{TABLES[relation.table].title} not found")
    own, other = step.key[0], step.other[0]
    there = set(outcome.before.linked(relation, own))
    wanted = there | {other} if step.kind == "link" else there - {other}
    outcome.state.set_links(relation, own, sorted(wanted))


def _check_tag(outcome: Outcome, step: Step, known: Mapping[str, Row]) -> None:
    """See that the row is there, and is the one that its client knows."""
    table = TABLES[step.table]
    if table.requires_tag and step.tag is None:
        raise Refused("precondition_required")
    row = outcome.before.rows[step.table].get(step.key)
    if row is None:
        raise Refused("not_found", (), f"{table.title} not found")
    if step.tag not in (None, "*") and known.get(step.tag) != row:
        raise Refused("changed")


def _check_there(outcome: Outcome, table: str, keys: Sequence[tuple[Key, str]]) -> None:
    for key, pointer in keys:
        if key not in outcome.before.rows[table]:
            detail = f"{TABLES[table].title} not found"
            raise Refused("not_found", [(pointer, "not_found")], detail)


def _items(step: Step) -> tuple[Sequence[Any], Sequence[str]]:
    if step.kind == "create":
        return [step.body], [""]
    start = f"/{step.table}" if step.wrapped else ""
    return step.body, [f"{start}/{i}" for i in range(len(step.body))]


def _relation_of(step: Step) -> Relation:
    return TABLES[step.table].relations[step.relation]


def _as_key(table: str, item: Any) -> Any:
    spec = TABLES[table].columns[TABLES[table].key[0]]
    return item if spec.kind == "text" else int(item)


def _as_whole_key(table: str, item: Any) -> Key:
    if table == "memberships":
        code, _, player = item.rpartition(",")
        return unquote(code), int(player)
    return (_as_key(table, item),)


def _raise(faults: Faults) -> None:
    refusal = faults.refusal()
    if refusal is not None:
        raise Refused(*refusal)


_STEPS: Mapping[str, Callable[[Outcome, Step, Mapping[str, Row]], None]] = {
    "create": _create,
    "bulk_create": _create,
    "create_child": _create_child,
    "change": _change,
    "bulk_update": _bulk_update,
    "delete": _delete,
    "bulk_delete": _bulk_delete,
    "mass_update": _mass_update,
    "mass_delete": _mass_delete,
    "link": _link,
    "unlink": _link,
}
