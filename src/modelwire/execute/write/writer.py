"""Execution of all kinds of write plans."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from ...errors import NotFound, RequestError
from ...plan.writing.assigned import assign_changed
from ...plan.writing.create_plan import ChildPlan, CreatePlan
from ...plan.writing.delete import DeletePlan
from ...plan.writing.keyed import KeyedRows, plan_for_key
from ...plan.writing.links import LinkPlan, LinkSet
from ...plan.writing.mark import RestorePlan
from ...plan.writing.new_rows import NewRow
from ...plan.writing.plans import EachPlan, MassDelete, MassUpdate, WritePlan, rows_of
from ...plan.writing.update import UpdatePlan, repeat_change
from ...plan.writing.upsert import UpsertPlan
from ..connect.lane import Row
from ..hooks.run import HookRun
from .context import WriteContext, Written
from .delete import Remover
from .each import write_each
from .insert import Inserter
from .link import Linker
from .lock import check_stored, read_locked
from .mass import find_affected
from .permission import check_linked, check_parents, check_written, refuse_by_policy
from .soft import SoftRemover
from .update import update_row, update_rows
from .upsert import Upserter


def carry_out(context: WriteContext, plan: WritePlan) -> Awaitable[Written]:
    """Carry out a write plan, in the transaction of a lane.

    Args:
        context: The context of the write.
        plan: The plan.

    Returns:
        The result.

    Raises:
        RequestError: The request is at fault, for example by naming a row that does not exist.
        Rejection: A constraint fired.
    """
    written = _WRITERS[type(plan)](context, plan)
    # A write that is not atomic has finished the hooks of each row separately.
    if context.hooks is None or isinstance(plan, EachPlan):
        return written
    return _finish(context.hooks, written)


async def _finish(hooks: HookRun, writing: Awaitable[Written]) -> Written:
    written = await writing
    await hooks.finish()
    return written


async def _write_each(context: WriteContext, plan: EachPlan) -> Written:
    rows, outcomes = await write_each(context, plan, carry_out)
    return Written(rows_of(plan), rows, outcomes)


async def _create_child(context: WriteContext, plan: ChildPlan) -> Written:
    is_linked = plan.parent.relation.link is not None
    store = partial(_create_linked, context) if is_linked else Inserter(context).store_child
    return Written(plan.plan, [await store(plan)])


async def _create_linked(context: WriteContext, child: ChildPlan) -> Row:
    """Create a row that is linked to an existing one, which changes by that as by every link."""
    parent, plan = child.parent, child.plan
    owner = plan_for_key(parent.table, parent.key)
    (row,) = await read_locked(context, owner)
    await check_parents(context, plan)
    (stored,) = await Inserter(context).store(plan)
    key = plan.table.values_of(stored, plan.table.key_columns)
    links = LinkSet(parent.relation, plan.table, (key,), (plan.rows[0].pointer,), are_new=True)
    ends = [parent.table.values_of(row, parent.relation.local)]
    tie = partial(Linker(context).tie, parent.relation, ends, plan, [stored])
    await _change_links(context, LinkPlan(owner, links), row, tie)
    await check_linked(context, parent.table, (), [row])
    return stored


async def _upsert(context: WriteContext, plan: UpsertPlan) -> Written:
    await check_parents(context, plan)
    return Written(plan, await Upserter(context).store(plan))


def _create(context: WriteContext, plan: CreatePlan) -> Awaitable[Written]:
    return Inserter(context).create(plan)


def _restore(context: WriteContext, plan: RestorePlan) -> Awaitable[Written]:
    return SoftRemover(context).restore(plan)


async def _remove(context: WriteContext, plan: DeletePlan) -> Written:
    remover = Remover if plan.table.deleted_at is None else SoftRemover
    await remover(context).remove(plan)
    return Written(plan)


async def _update_all(context: WriteContext, plan: MassUpdate) -> Written:
    affected = await find_affected(context, plan.found, plan.limit)
    written = Written(change := repeat_change(plan.change, affected.keys))
    if affected.keys and (plan.change.sets_fields or plan.change.echoes):
        written = await update_rows(context, change)
    count = len(affected.keys) if plan.change.sets_fields else 0
    return Written(written.plan, affected=count)


async def _delete_all(context: WriteContext, plan: MassDelete) -> Written:
    affected = await find_affected(context, plan.found, plan.limit)
    if affected.keys:
        await _remove(context, affected)
    return Written(affected, affected=len(affected.keys))


async def _link(context: WriteContext, plan: LinkPlan) -> Written:
    (row,) = await read_locked(context, plan.owner)
    linker = Linker(context)
    links, missing = await linker.find(plan.links)
    if missing:
        raise NotFound(f"{links.target.title} not found")
    change = partial(linker.change, plan.owner.table, row, links, removes=plan.removes)
    try:
        check_stored(context, plan.owner, [row])
    except RequestError as refusal:
        await refuse_by_policy(change())
        raise refusal
    await _change_links(context, plan, row, change)
    return Written(plan.owner)


async def _change_links(
    context: WriteContext, plan: LinkPlan, row: Row, change: Callable[[], Awaitable[object]]
) -> None:
    """Add or remove a link, and run the hooks of the row that it changes."""
    hooks = context.hooks
    sets = None if hooks is None else await hooks.before_link(plan, row)
    await change()
    if hooks is not None and sets is not None:
        hooks.linked(plan, row, await _set(context, plan.owner, sets) if sets.fields else row)


async def _set(context: WriteContext, owner: KeyedRows, sets: NewRow) -> Row:
    """Set the fields that hooks have added to a row that is linked, and those of the server.

    Raises:
        Forbidden: The caller may not leave the row so.
        Rejection: A constraint fired.
    """
    plan = assign_changed(UpdatePlan(owner.table, owner.keys, (sets,)), context.caller)
    changed = await update_row(context, plan)
    if plan.may_leave_policy:
        await check_written(context, owner.table, "update", (), [changed])
    return changed


_WRITERS: Mapping[type, Callable[[WriteContext, Any], Awaitable[Written]]] = {
    EachPlan: _write_each,
    MassUpdate: _update_all,
    MassDelete: _delete_all,
    LinkPlan: _link,
    ChildPlan: _create_child,
    UpsertPlan: _upsert,
    CreatePlan: _create,
    RestorePlan: _restore,
    UpdatePlan: update_rows,
    DeletePlan: _remove,
}
"""Writer of each kind of plan."""
