"""Changes rows by their keys."""

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
from .context import WriteContext
from .insert import bind_row
from .link import Linker
from .lock import check_stored, read_locked
from .permission import check_parents, check_written


class Updater:
    """Changes rows.

    Args:
        context: The lane.
    """

    def __init__(self, context: WriteContext) -> None:
        self._context = context

    async def change(self, plan: UpdatePlan) -> tuple[UpdatePlan, list[Row]]:
        """Change rows.

        Args:
            plan: What each row sets.

        Returns:
            The plan with all that its rows have set, and the rows as they are then, in its order.

        Raises:
            NotFound: A row is not there.
            InvalidRequest: What would come of a row does not fit its schema.
            Rejection: A constraint fired.
        """
        context, hooks = self._context, self._context.hooks
        if not plan.reads_first and context.check is None and hooks is None:
            await check_parents(context, plan)
            return plan, [await self.change_one(plan)]
        stored = await read_locked(context, plan)
        try:
            check_stored(context, plan, stored)
            plan.check_expected(stored)
        except RequestError as refusal:
            await self._refuse_by_policy(plan, stored)
            raise refusal
        if plan.echoes:
            await context.compare_echoes(context.lane, plan, stored)
        plan = plan.settle(stored, context.statements.dialect)
        await check_parents(context, plan)
        if hooks is not None:
            plan = await hooks.before_update(plan, stored)
        changed = await self._change_all(plan, stored)
        if plan.may_leave_policy:
            await check_written(context, plan.changed_table, "update", plan.rows, changed)
        pairs = zip(changed, plan.links, strict=False)
        wanted = [(row, links) for row, sets in pairs for links in sets]
        if wanted:
            await Linker(context).replace(plan.table, wanted)
        if hooks is not None:
            hooks.updated(plan, stored, changed)
        return plan, changed

    async def _refuse_by_policy(self, plan: UpdatePlan, stored: Sequence[Row]) -> None:
        """Refuse a change for what would come of it, which weighs more than a precondition.

        It is tried in the transaction that is undone in any case, without hooks.

        Raises:
            Forbidden: The caller may not leave the rows as they would become.
        """
        try:
            settled = plan.settle(stored, self._context.statements.dialect)
            if not settled.may_leave_policy:
                return
            changed = await self._change_all(settled, stored)
        except (RequestError, Rejection):
            return  # nothing comes of it
        await check_written(self._context, settled.changed_table, "update", settled.rows, changed)

    async def change_one(self, plan: UpdatePlan) -> Row:
        """Change the one row of a plan, in one statement.

        Raises:
            NotFound: It is not there.
            Rejection: A constraint fired.
        """
        (row,), (key,), table = plan.rows, plan.keys, plan.table
        values: Mapping[str, Any] = {**predicate_values(key), **bind_row(row)}
        shape: SelectShape | UpdateShape = select_by_key(table)
        if row.fields or (any(plan.links) and table.version is not None):
            shape = UpdateShape(table, row.fields)
        rows = await self._run(shape, values, plan)
        if not rows:
            await self._check_absent(plan)
            raise NotFound(f"{table.title} not found")
        return rows[0]

    async def _check_absent(self, plan: UpdatePlan) -> None:
        """Tell a row that is not there from one whose change a trigger has passed over."""
        found = await self._run(select_by_key(plan.table), predicate_values(plan.keys[0]), plan)
        if found:
            raise Rejection(ConstraintViolation(Constraint.TRIGGER), plan)

    async def _change_all(self, plan: UpdatePlan, stored: Sequence[Row]) -> list[Row]:
        """Change rows that are locked, those that set the same fields in one statement."""
        table, width = plan.table, len(plan.table.selected)
        changed = [row[:width] for row in stored]
        groups: dict[tuple[Field, ...], list[int]] = {}
        for index, row in enumerate(plan.rows):
            groups.setdefault(row.fields, []).append(index)
        for fields, group in groups.items():
            if self._context.one_by_one or len(group) == 1 or not _go_together(table, fields):
                for index in group:
                    changed[index] = await self.change_one(plan.nth(index))
                continue
            keys = [table.values_of(stored[index], table.key_columns) for index in group]
            pairs = zip(group, keys, strict=True)
            rows = [(*plan.rows[index].values, *key) for index, key in pairs]
            shape = UpdateShape(table, fields, many=True)
            found = await self._run(shape, {ROWS: rows}, plan, count=len(group))
            by_key = {table.values_of(row, table.key_columns): row for row in found}
            for index, key in zip(group, keys, strict=True):
                changed[index] = by_key[key]
        return changed

    async def _run(
        self,
        shape: SelectShape | UpdateShape,
        values: Mapping[str, Any],
        plan: UpdatePlan,
        count: int = 0,
    ) -> Sequence[Row]:
        try:
            found = await self._context.run(shape, values)
            check_all_written(found, count)
        except ConstraintViolation as violation:
            raise Rejection(violation, plan) from violation
        return found


def _go_together(table: Table, fields: Sequence[Field]) -> bool:
    """Whether one statement can set these fields of many rows, whose keys tell which is which."""
    keyed = any(field in table.key for field in fields)
    return not keyed and go_together(table, tuple(fields), changes=True)
