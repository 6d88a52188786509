"""The one way in which plans of writes are carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct

from ...errors import NotFound, RequestError
from ...plan.writing.create_plan import ChildPlan, CreatePlan
from ...plan.writing.delete import DeletePlan
from ...plan.writing.draft import Row as NewRow
from ...plan.writing.each import RowPlan, WrittenRows
from ...plan.writing.keyed import KeyedRows
from ...plan.writing.links import LinkPlan
from ...plan.writing.mark import RestorePlan
from ...plan.writing.plans import EachPlan, MassDelete, MassUpdate, WritePlan, rows_of
from ...plan.writing.update import UpdatePlan, repeat_change
from ...plan.writing.upsert import UpsertPlan
from ..connect.lane import Row
from .context import WriteContext
from .delete import Remover
from .each import write_each
from .insert import Inserter
from .link import Linker
from .lock import check_stored, read_locked
from .mass import find_affected
from .permission import check_parents
from .soft import SoftRemover
from .update import Updater
from .upsert import Upserter


class Written(Struct, frozen=True):
    """What a write has done.

    Args:
        plan: The rows with all that they have set, by which is explained what COMMIT refuses.
        rows: The rows as they are stored then, in the order of the plan; none where they are gone.
        outcomes: Where each row was written for itself: its place in `rows`, what is wrong with
            it, or None where it is gone.
        affected: The number of rows that a mass change was for.
    """

    plan: WrittenRows
    rows: Sequence[Row] = ()
    outcomes: Sequence[int | RequestError | None] = ()
    affected: int = 0


async def carry_out(context: WriteContext, plan: WritePlan) -> Written:
    """Carry out what a request asks to write, in the transaction of a lane.

    Args:
        context: The lane, and how it is done there.
        plan: What is to be written.

    Returns:
        What was done.

    Raises:
        RequestError: The request is at fault, such as for a row that is not there.
        Rejection: A constraint fired.
    """
    if isinstance(plan, EachPlan):
        rows, outcomes = await write_each(context, plan, carry_out)
        return Written(rows_of(plan), rows, outcomes)
    written = await _carry_out(context, plan)
    if context.hooks is not None:
        await context.hooks.finish()
    return written


async def _carry_out(
    context: WriteContext, plan: RowPlan | ChildPlan | LinkPlan | MassUpdate | MassDelete
) -> Written:
    """Write what a plan names."""
    match plan:
        case MassUpdate():
            return await _update_all(context, plan)
        case MassDelete():
            return await _delete_all(context, plan)
        case LinkPlan():
            return await _link(context, plan)
        case ChildPlan():
            row = await Inserter(context).store_child(plan)
            return Written(plan.plan, [row])
        case UpsertPlan():
            await check_parents(context, plan)
            return Written(plan, await Upserter(context).store(plan))
        case CreatePlan():
            await check_parents(context, plan)
            return Written(plan, await Inserter(context).store(plan))
        case RestorePlan():
            restored, back = await SoftRemover(context).restore(plan)
            return Written(restored, back)
        case UpdatePlan():
            settled, rows = await Updater(context).change(plan)
            return Written(settled, rows)
        case DeletePlan():
            await _remove(context, plan)
            return Written(plan)
        case _:
            assert_never(plan)


async def _remove(context: WriteContext, plan: DeletePlan) -> None:
    remover = Remover if plan.table.deleted_at is None else SoftRemover
    await remover(context).remove(plan)


async def _update_all(context: WriteContext, plan: MassUpdate) -> Written:
    affected = await find_affected(context, plan.found, plan.limit)
    change = repeat_change(plan.change, affected.keys)
    if affected.keys and (plan.change.sets_fields or plan.change.echoes):
        change, _ = await Updater(context).change(change)
    count = len(affected.keys) if plan.change.sets_fields else 0
    return Written(change, affected=count)


async def _delete_all(context: WriteContext, plan: MassDelete) -> Written:
    affected = await find_affected(context, plan.found, plan.limit)
    if affected.keys:
        await _remove(context, affected)
    return Written(affected, affected=len(affected.keys))


async def _link(context: WriteContext, plan: LinkPlan) -> Written:
    (row,) = await read_locked(context, plan.owner)
    linker, hooks = Linker(context), context.hooks
    links, missing = await linker.find(plan.links)
    if missing:
        raise NotFound(f"{links.target.title} not found")
    check_stored(context, plan.owner, [row])
    sets = None if hooks is None else await hooks.before_link(plan, row)
    await (linker.remove if plan.removes else linker.link)(plan.owner.table, row, links)
    if hooks is not None and sets is not None:
        hooks.linked(plan, row, await _set(context, plan.owner, sets) if sets.fields else row)
    return Written(plan.owner)


async def _set(context: WriteContext, owner: KeyedRows, sets: NewRow) -> Row:
    """Set what hooks have added to a row that is linked."""
    return await Updater(context).change_one(UpdatePlan(owner.table, owner.keys, (sets,)))
