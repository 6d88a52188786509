"""Possible outcomes of a step: its response, and the stored rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from .bodies import Fault, Faults
from .known import TABLES, Key, Relation, Row
from .state import State, Violation, parent_not_found
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
    """Possible outcome of a step.

    Args:
        before: The stored rows.
        state: The stored rows if it succeeds.
        status: The status of the success.
        rows: The keys of the rows in the response.
        made: The keys of the new rows of each table, in their order.
        refusals: The possible refusals, any of which may be reported.
        certain: Whether a refusal is certain. If not, it depends on the order in which the database
            changes the rows: a unique value may be free again in time, or not.
        affected: The number of rows that a mass change reports as changed.
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


def check_links(outcome: Outcome, relation: Relation, keys: Sequence[tuple[Any, str]]) -> None:
    pointers: dict[Any, str] = {}
    for value, pointer in keys:
        if (value,) not in outcome.state.rows[relation.table]:
            pointers.setdefault(value, pointer)
    if pointers:
        outcome.refuse(parent_not_found(relation.table, list(pointers.values())))


def check_tag(outcome: Outcome, step: Step, known: Mapping[str, Row]) -> None:
    """See that the row is there, and is the one that its client knows."""
    table = TABLES[step.table]
    if table.requires_tag and step.tag is None:
        raise Refused("precondition_required")
    row = outcome.before.rows[step.table].get(step.key)
    if row is None:
        raise Refused("not_found", (), f"{table.title} not found")
    if step.tag not in (None, "*") and known.get(step.tag) != row:
        raise Refused("changed")


def check_there(outcome: Outcome, table: str, keys: Sequence[tuple[Key, str]]) -> None:
    for key, pointer in keys:
        if key not in outcome.before.rows[table]:
            detail = f"{TABLES[table].title} not found"
            raise Refused("not_found", [(pointer, "not_found")], detail)


def items_of(step: Step) -> tuple[Sequence[Any], Sequence[str]]:
    if step.kind == "create":
        return [step.body], [""]
    start = f"/{step.table}" if step.wrapped else ""
    return step.body, [f"{start}/{step.first + i}" for i in range(len(step.body))]


def relation_of(step: Step) -> Relation:
    return TABLES[step.table].relations[step.relation]


def as_key(table: str, item: Any) -> Any:
    spec = TABLES[table].columns[TABLES[table].key[0]]
    return str(item) if spec.kind == "text" else int(item)


def as_whole_key(table: str, item: Any) -> Key:
    if table == "memberships":
        code, _, player = item.rpartition(",")
        return unquote(code), int(player)
    return (as_key(table, item),)


def raise_faults(faults: Faults) -> None:
    refusal = faults.refusal()
    if refusal is not None:
        raise Refused(*refusal)


def matching(outcome: Outcome, step: Step, check: Callable[[], None]) -> list[Key]:
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
    held = {"eq": value == operand, "ne": value != operand, "gte": value >= operand}
    return bool(held[operator])
