"""Reads of rows under a lock, before they are changed or deleted."""

from __future__ import annotations

from collections.abc import Sequence

from ...catalog.tables import Table
from ...errors import Faults, NotFound, Violation
from ...plan.keys import Key
from ...plan.writing.batches import check_distinct
from ...plan.writing.keyed import KeyedRows
from ...shape.parts import Lock, Projection
from ...shape.reads import ExistingShape
from ...statement.lists import ROWS
from ...statement.statements import Statements
from ..connect.lane import Lane, Row
from .context import WriteContext
from .permission import refuse


async def read_locked(context: WriteContext, plan: KeyedRows) -> Sequence[Row]:
    """Lock the rows of a plan, in the order of their keys, so that two requests can't deadlock.

    Args:
        context: The context of the write.
        plan: The rows.

    Returns:
        The rows in the order of the plan, each as the plan's `locking_shape` reads it.

    Raises:
        NotFound: A row does not exist for the caller.
        Forbidden: The caller may not do the action to a row.
        InvalidRequest: Two keys are equal to the database, by its collation or type.
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


async def lock_ahead(
    lane: Lane, statements: Statements, table: Table, keys: Sequence[Key], lock: Lock
) -> None:
    """Lock rows that later statements of a transaction change, in the order of their keys.

    Rows that do not exist for the caller are left alone.

    Args:
        lane: The lane of the transaction.
        statements: The statements of the application.
        table: The resource.
        keys: The keys of the rows.
        lock: The strongest lock that the later statements take.
    """
    shape = ExistingShape(table, table.key, Projection(table.key, 0), lock)
    await lane.fetch(statements.of(shape), {ROWS: keys})


def check_stored(context: WriteContext, plan: KeyedRows, stored: Sequence[Row]) -> None:
    """Run the request's check on each row that it names, once no stronger reason refuses it.

    Args:
        context: The context of the write, with the check.
        plan: The rows.
        stored: The rows as stored.

    Raises:
        RequestError: A row does not meet the request's preconditions.
    """
    if context.check is not None:
        for row in stored:
            context.check(row[: len(plan.table.selected)])
