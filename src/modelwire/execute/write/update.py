"""Updates of rows by their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...catalog.field import Field
from ...catalog.tables import Table
from ...errors import Constraint, ConstraintViolation, NotFound, RequestError
from ...plan.keys import select_by_key
from ...plan.parameters import predicate_values
from ...plan.writing.create_plan import go_together
from ...plan.writing.update import UpdatePlan
from ...shape.reads import SelectShape
from ...shape.writes import UpdateShape
from ...statement.lists import ROWS
from ..connect.lane import Row
from ..rejection import Rejection, check_all_written
from .context import WriteContext, Written
from .insert import bind_row
from .link import Linker
from .lock import check_stored, read_locked
from .permission import check_linked, check_parents, check_written, refuse_by_policy


async def update_rows(context: WriteContext, plan: UpdatePlan) -> Written:
    """Update rows.

    Args:
        context: The context of the write.
        plan: The fields that each row sets.

    Returns:
        The plan with all that its rows have set, and the rows as then stored, in order.

    Raises:
        NotFound: A row does not exist.
        InvalidRequest: The resulting row does not fit its schema.
        Rejection: A constraint fired.
    """
    hooks = context.hooks
    if context.check is None and hooks is None and plan.is_one_statement:
        if context.catalog.hides_any_rows:
            await check_parents(context, plan)
        return Written(plan, [await update_row(context, plan)])
    stored = await read_locked(context, plan)
    try:
        check_stored(context, plan, stored)
        plan.check_expected(stored)
    except RequestError as refusal:
        await refuse_by_policy(_attempt(context, plan, stored))
        raise refusal
    if plan.echoes:
        await context.compare_echoes(context.lane, plan, stored)
    plan = plan.settle(stored, context.statements.dialect)
    await check_parents(context, plan)
    if hooks is not None:
        plan = await hooks.before_update(plan, stored)
    changed = await _store(context, plan, stored)
    if hooks is not None:
        hooks.updated(plan, stored, changed)
    return Written(plan, changed)


async def _attempt(context: WriteContext, plan: UpdatePlan, stored: Sequence[Row]) -> None:
    """Update locked rows without hooks, where a policy may refuse the result.

    Raises:
        Forbidden: The caller may not leave the rows as they would become.
        RequestError, Rejection: The update fails for another reason.
    """
    settled = plan.settle(stored, context.statements.dialect)
    if settled.may_leave_policy or any(settled.links):
        await check_parents(context, settled)
        await _store(context, settled, stored)


async def _store(context: WriteContext, plan: UpdatePlan, stored: Sequence[Row]) -> list[Row]:
    """Update locked rows and their links, and check the result.

    Raises:
        Forbidden: The caller may not leave the rows as they would become.
        ParentNotFound: A row to link does not exist.
        Rejection: A constraint fired.
    """
    changed = await _change_all(context, plan, stored)
    if plan.may_leave_policy:
        await check_written(context, plan.changed_table, "update", plan.rows, changed)
    pairs = zip(changed, plan.links, strict=False)
    wanted = [(row, links) for row, sets in pairs for links in sets]
    if wanted:
        await Linker(context).replace(plan.table, wanted)
        await check_linked(context, plan.changed_table, plan.rows, changed)
    return changed


async def update_row(context: WriteContext, plan: UpdatePlan) -> Row:
    """Update the only row of a plan, in one statement.

    Raises:
        NotFound: The row does not exist.
        Rejection: A constraint fired.
    """
    (row,), (key,), table = plan.rows, plan.keys, plan.table
    values: Mapping[str, Any] = {**predicate_values(key), **bind_row(row)}
    shape: SelectShape | UpdateShape
    if row.fields or (any(plan.links) and table.version is not None):
        shape = UpdateShape(table, row.fields)
    else:
        shape = select_by_key(table)
    try:
        rows = await context.run(shape, values)
    except ConstraintViolation as violation:
        raise Rejection(violation, plan) from violation
    if not rows:
        await _check_absent(context, plan)
        raise NotFound(f"{table.title} not found")
    return rows[0]


async def _check_absent(context: WriteContext, plan: UpdatePlan) -> None:
    """Raise a rejection if the row exists, because a trigger has ignored its update."""
    key = predicate_values(plan.keys[0])
    if await context.run(select_by_key(plan.table), key):
        raise Rejection(ConstraintViolation(Constraint.TRIGGER), plan)


async def _change_all(context: WriteContext, plan: UpdatePlan, stored: Sequence[Row]) -> list[Row]:
    """Update locked rows; those that set the same fields share a statement."""
    table, width = plan.table, len(plan.table.selected)
    changed = [row[:width] for row in stored]
    for fields, group in plan.by_fields.items():
        if context.one_by_one or len(group) == 1 or not _go_together(table, fields):
            for index in group:
                changed[index] = await update_row(context, plan.nth(index))
            continue
        keys = [table.values_of(stored[index], table.key_columns) for index in group]
        pairs = zip(group, keys, strict=True)
        rows = [(*plan.rows[index].values, *key) for index, key in pairs]
        shape = UpdateShape(table, fields, many=True)
        try:
            found = await context.run(shape, {ROWS: rows})
            by_key = {table.values_of(row, table.key_columns): row for row in found}
            # A trigger may have changed keys; row by row, it is known which row is which.
            written = [by_key[key] for key in keys if key in by_key]
            check_all_written(written, len(group))
        except ConstraintViolation as violation:
            raise Rejection(violation, plan) from violation
        for index, stored_row in zip(group, written, strict=True):
            changed[index] = stored_row
    return changed


def _go_together(table: Table, fields: Sequence[Field]) -> bool:
    """Whether one statement can set these fields in many rows, which it identifies by key."""
    keyed = any(field in table.key for field in fields)
    return not keyed and go_together(table, tuple(fields), changes=True)
