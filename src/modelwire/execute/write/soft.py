"""Soft deletes, and restores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from ...catalog.tables import Table
from ...errors import Forbidden, NotDeleted, NotFound
from ...plan.keys import select_locked
from ...plan.writing.assigned import assign_changed
from ...plan.writing.delete import DeletePlan
from ...plan.writing.mark import RestorePlan, mark_of, plan_mark
from ...statement.lists import ROWS
from ..connect.lane import Row
from ..finder import Finder
from .context import WriteContext, Written
from .delete import Remover
from .lock import check_stored, read_locked
from .permission import refuse
from .update import update_rows

Keys = Sequence[Row]


class SoftRemover:
    """Writer of soft deletes, which include the dependents that have soft deletes as well.

    Args:
        context: The context of the write.
    """

    def __init__(self, context: WriteContext) -> None:
        self._context = context
        self._finder = Finder(context.lane, context.statements)

    async def remove(self, plan: DeletePlan) -> None:
        """Mark rows as deleted, all at the same instant.

        Args:
            plan: The rows.

        Raises:
            NotFound: A row does not exist.
            Forbidden: The caller may not delete a row.
            InvalidRequest: Two keys are equal to the database.
            Rejection: A constraint fired.
        """
        table, hooks = plan.table, self._context.hooks
        stored = await read_locked(self._context, plan)
        check_stored(self._context, plan, stored)
        keys = [table.values_of(row, table.key_columns) for row in stored]
        along = await self._find_along(table, keys, None)
        if hooks is not None:
            await hooks.before_delete(plan, stored, along)
        at = dt.datetime.now(dt.UTC)
        for deleted, found in ((table, keys), *along.items()):
            await self._mark(deleted, found, at)

    async def restore(self, plan: RestorePlan) -> Written:
        """Restore a row, with the rows that were deleted along with it.

        Args:
            plan: The row.

        Returns:
            The plan with all that it has set, and the row.

        Raises:
            NotDeleted: The row is not deleted.
            NotFound: The row does not exist, or the caller may not restore it.
            Forbidden: The caller may not change it.
            Rejection: A constraint fired.
        """
        table = plan.after
        await self._check_deleted(plan)
        (row,) = await read_locked(self._context, plan)
        at = row[plan.locking_shape.read.positions[mark_of(table)]]
        keys = [plan.table.values_of(row, table.key_columns)]
        along = await self._find_along(table, keys, at)
        try:
            written = await update_rows(self._context, plan)
        except Forbidden:
            raise refuse(table, "update") from None
        for restored, found in along.items():
            await self._mark(restored, found, None)
        return replace(written, plan=replace(plan, rows=written.plan.rows))

    async def _check_deleted(self, plan: RestorePlan) -> None:
        """Lock the row, whether deleted or not, and check that it is deleted.

        A look-up of deleted rows alone would miss a row that is being deleted at the same time.

        Raises:
            NotDeleted: It is not deleted.
            NotFound: The row does not exist for the caller, deleted or not.
        """
        shape = select_locked(plan.after.recalled["include"], (mark_of(plan.after),))
        found = await self._context.run(shape, {ROWS: plan.keys})
        if not found:
            raise NotFound(f"{plan.after.title} not found")
        if found[0][1 + shape.read.positions[mark_of(plan.after)]] is None:
            raise NotDeleted(f"{plan.after.title} is not deleted")

    async def _find_along(self, table: Table, keys: Keys, at: object) -> Mapping[Table, Keys]:
        """Lock the dependents of rows that were deleted at a given instant.

        Args:
            table: The resource of the rows.
            keys: Their keys.
            at: The instant as stored; None for dependents that are not deleted.
        """
        below = await Remover(self._context).find_along(table.sql, keys, softly=True)
        chosen = {t: list(await self._choose(t, found, at)) for t, found in below.items()}
        return {t: found for t, found in chosen.items() if found}

    async def _choose(self, table: Table, keys: Keys, at: object) -> Iterator[Row]:
        key, mark = table.key_columns, mark_of(table).column
        found = await self._finder.find(table.sql, (*key, mark), key, keys)
        return (tuple(row[:-1]) for row in found if row[-1] == at)

    async def _mark(self, table: Table, keys: Keys, at: dt.datetime | None) -> None:
        """Mark rows, even if the caller can't see them; hooks only see restores, as updates."""
        hooks = self._context.hooks if at is None else None
        plan = assign_changed(plan_mark(table, [tuple(k) for k in keys], at), self._context.caller)
        await update_rows(replace(self._context, check=None, hooks=hooks), plan)
