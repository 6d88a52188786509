"""The reference: what may come of any step, in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from .bodies import is_key
from .changes import bulk_update, change, link, mass_update
from .creates import create, create_child, upsert
from .known import TABLES, Key, Row
from .outcomes import Outcome, Refused, as_whole_key, items_of
from .removals import bulk_delete, delete, mass_delete
from .state import State
from .steps import Step


def predict(state: State, step: Step, known: Mapping[str, Row] | None = None) -> Outcome:
    """Predict what may come of a step.

    Args:
        state: What is stored.
        step: The step.
        known: Of each entity tag of the table the row that it stands for.
    """
    outcome = Outcome(state, state.copy())
    try:
        _STEPS[step.kind](outcome, step, known or {})
    except Refused as refused:
        outcome.refusals, outcome.certain = [refused.violation], True
    return outcome


def predict_first(state: State, step: Step, seen: set[Key]) -> Outcome:
    """Predict what may come of one row of many that are written each for itself.

    Args:
        state: What is stored.
        step: The request with this row alone.
        seen: The keys that rows before it have named; its own is added.
    """
    outcome = predict(state, step)
    codes = {code for code, _, _ in outcome.refusals}
    key = key_in(step)
    if key is None or codes & INVALID:
        return outcome
    if key in seen:
        _, (pointer,) = items_of(step)
        duplicate = "invalid", ((pointer, "duplicate_key"),), None
        return replace(outcome, refusals=[duplicate], certain=True)
    seen.add(key)
    return outcome


INVALID = {"invalid", "not_null", "too_long", "out_of_range"}
"""The codes of what is wrong with a body; a check is the database's, and so is a key."""


def key_in(step: Step) -> Key | None:
    """The key that the only row of a bulk request names; None for a new row."""
    (item,) = step.body
    if step.kind == "bulk_update":
        return TABLES[step.table].key_of(item) if set(TABLES[step.table].key) <= set(item) else None
    if step.kind == "bulk_delete" and is_key(step.table, item):
        return as_whole_key(step.table, item)
    return None


_STEPS: Mapping[str, Callable[[Outcome, Step, Mapping[str, Row]], None]] = {
    "create": create,
    "bulk_create": create,
    "create_child": create_child,
    "upsert": upsert,
    "change": change,
    "bulk_update": bulk_update,
    "delete": delete,
    "bulk_delete": bulk_delete,
    "mass_update": mass_update,
    "mass_delete": mass_delete,
    "link": link,
    "unlink": link,
}
