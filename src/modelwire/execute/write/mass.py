"""Rows of a mass write, found and locked before they are written."""

from __future__ import annotations

from ...errors import TooManyAffected
from ...plan.writing.delete import DeletePlan
from ...plan.writing.mass import MassPlan
from ...plan.writing.new_rows import NewRow
from .context import WriteContext
from .permission import refuse


async def find_affected(context: WriteContext, plan: MassPlan, limit: int) -> DeletePlan:
    """Lock the rows that match.

    Args:
        context: The context of the write.
        plan: The filters.
        limit: The most rows that the client allows.

    Returns:
        The plan of their deletion, with their keys.

    Raises:
        TooManyAffected: More rows match.
        Forbidden: The caller may not do the action to one of them.
    """
    table, lane, of = plan.table, context.lane, context.statements.of
    found = await lane.search(of(plan.shape), {**plan.values, "limit": limit + 1})
    if len(found) > limit:
        ((count,),) = await lane.search(of(plan.count), plan.values)
        raise TooManyAffected(
            f"{max(count, limit + 1)} rows match, and at most {limit} may be affected"
        )
    action = plan.shape.allows
    if action is not None and not all(row[-1] for row in found):
        raise refuse(table, action)
    keys = tuple(table.values_of(row, table.key_columns) for row in found)
    return DeletePlan(table, keys, (NewRow((), ()),) * len(keys), many=True)
