"""Rows of a bulk request that are written independently of each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from ...catalog.tables import Table
from ...errors import InvalidRequest, RequestError
from ..keys import Key
from .batches import Batch, repeated_key
from .create_plan import CreatePlan, join_plans
from .delete import DeletePlan
from .keyed import KeyedRows
from .links import LinkSet
from .update import UpdatePlan
from .upsert import UpsertPlan

RowPlan = CreatePlan | UpdatePlan | DeletePlan

WrittenRows = RowPlan | KeyedRows
"""The rows that a write names, used to explain a violated constraint."""

Refusable = WrittenRows | LinkSet
"""A write that a constraint may refuse."""

Planned = RowPlan | RequestError
"""The plan of one row, or the error that refuses it."""


def plan_each(batch: Batch, plan_one: Callable[[Batch], RowPlan]) -> list[Planned]:
    """Plan the rows of a bulk request independently.

    Args:
        batch: The rows.
        plan_one: Plans one of them.

    Returns:
        The plan of each row, or its error. Of several rows with the same key, only the first is
        written.
    """
    seen: set[Key] = set()
    planned: list[Planned] = []
    for part in batch.split():
        try:
            plan = plan_one(part)
            _check_new(plan, seen)
        except RequestError as error:
            planned.append(error)
        else:
            planned.append(plan)
    return planned


def join_planned(table: Table, planned: Sequence[Planned]) -> RowPlan:
    """Join the plans of all rows that are written, to explain constraints that only COMMIT
    checks."""
    plans = [plan for plan in planned if not isinstance(plan, RequestError)]
    rows = tuple(row for plan in plans for row in plan.rows)
    match plans:
        case [UpsertPlan() as first, *_]:
            merged = tuple(m for plan in plans if isinstance(plan, UpsertPlan) for m in plan.merged)
            return replace(first, rows=rows, merged=merged)
        case [UpdatePlan() | DeletePlan() as first, *_]:
            return replace(first, rows=rows, keys=tuple(key for plan in plans for key in plan.keys))
    return join_plans(
        [CreatePlan(table, ()), *(plan for plan in plans if isinstance(plan, CreatePlan))]
    )


def _check_new(plan: RowPlan, seen: set[Key]) -> None:
    """Refuse a row whose key was named before."""
    keys = plan.unique_values if isinstance(plan, UpsertPlan) else plan.keys
    for key, row in zip(keys, plan.rows, strict=False):
        if key in seen:
            raise InvalidRequest(repeated_key(row.pointer))
        if None not in key:
            seen.add(key)
