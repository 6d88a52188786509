"""Reads rows and locks them, before they are changed or removed."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import Faults, NotFound, Violation
from ...plan.writing.batches import check_distinct
from ...plan.writing.keyed import KeyedRows
from ...statement.lists import ROWS
from ..connect.lane import Row
from .context import WriteContext
from .permission import refuse


async def read_locked(context: WriteContext, plan: KeyedRows) -> Sequence[Row]:
    """Lock the rows of a plan, in the order of their keys, so that two requests don't deadlock.

    Args:
        context: The lane.
        plan: The rows.

    Returns:
        The rows in the order of the plan, each as the plan's `locking_shape` reads it.

    Raises:
        NotFound: One is not there, or not for the caller.
        Forbidden: The caller may not do it to one.
        InvalidRequest: Two keys are one to the database, by its collation or type.
    """
    table, shape = plan.table, plan.locking_shape
    found = await context.run(shape, {ROWS: plan.keys})
    by_place: dict[int, Row] = {place: row for place, *row in found}
    for place, given in enumerate(plan.rows):
        if place not in by_place:
            detail = f"{table.title} not found"
            where = [Violation(detail, "not_found", given.pointer)] if plan.many else []
            raise NotFound(detail, where)
    stored = [by_place[place] for place in range(len(plan.rows))]
    if shape.allows:
        for given, row in zip(plan.rows, stored, strict=True):
            if not row[-1]:
                raise refuse(table, plan.action, given if plan.many else None)
        stored = [row[:-1] for row in stored]
    faults = Faults()
    keys = [table.values_of(row, table.key_columns) for row in stored]
    check_distinct(keys, [given.pointer for given in plan.rows], faults)
    faults.refuse()
    return stored


def check_stored(context: WriteContext, plan: KeyedRows, stored: Sequence[Row]) -> None:
    """Have each row looked at that a request names, when nothing of more weight is against it.

    Args:
        context: What looks at each row.
        plan: The rows.
        stored: The same as they are stored.

    Raises:
        RequestError: A row is not as the request says that it should be.
    """
    if context.check is not None:
        for row in stored:
            context.check(row[: len(plan.table.selected)])
