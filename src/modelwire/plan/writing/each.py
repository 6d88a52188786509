"""The rows of a bulk request, each planned for itself."""

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
"""Rows that a write names, by which it is explained what was refused."""

Refusable = WrittenRows | LinkSet
"""What a constraint may refuse."""

Planned = RowPlan | RequestError
"""How one row is written, or what is wrong with it."""


def plan_each(batch: Batch, plan_one: Callable[[Batch], RowPlan]) -> list[Planned]:
    """Plan the rows of a bulk request, each for itself.

    Args:
        batch: The rows.
        plan_one: Plans one of them.

    Returns:
        The plan of each row, or what is wrong with it. Of rows with one key only the first is
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
    """One plan of all rows that are written, by which to explain what only COMMIT refuses."""
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
    """Refuse a row that names another one that was named before."""
    keys = plan.unique_values if isinstance(plan, UpsertPlan) else plan.keys
    for key, row in zip(keys, plan.rows, strict=False):
        if key in seen:
            raise InvalidRequest(repeated_key(row.pointer))
        if None not in key:
            seen.add(key)
