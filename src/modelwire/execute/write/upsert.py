"""Upserts by a unique key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from ...catalog.field import Field
from ...errors import Constraint, ConstraintViolation, Contention, Faults
from ...plan.keys import Key, select_locked
from ...plan.writing.assigned import assign_merged
from ...plan.writing.batches import check_distinct
from ...plan.writing.create_plan import CreatePlan, go_together
from ...plan.writing.new_rows import NewRow
from ...plan.writing.update import UpdatePlan
from ...plan.writing.upsert import UpsertPlan, check_merged
from ...shape.reads import ExistingShape
from ...shape.writes import Conflict, InsertShape
from ...statement.lists import ROWS
from ..connect.lane import Row
from ..explain.constraints import explain_unique
from ..rejection import Rejection, check_all_written
from .context import WriteContext
from .insert import bind_row
from .permission import check_parents, check_written
from .update import update_rows

ATTEMPTS = 3
"""Attempts at a row that is neither inserted nor found, as it may be deleted in between."""


class Upserter:
    """Writer of upserts: rows are inserted, or update those with the same unique key.

    Args:
        context: The context of the write.
    """

    def __init__(self, context: WriteContext) -> None:
        self._context = context

    async def store(self, plan: UpsertPlan) -> list[Row]:
        """Store rows.

        Args:
            plan: The rows.

        Returns:
            The rows as then stored, in the order of the plan, whether new or not.

        Raises:
            InvalidRequest: Two keys are equal to the database, by its collation or type; or a
                resulting row does not fit its model.
            Rejection: A constraint fired.
        """
        hides_parents = self._context.catalog.hides_any_rows and plan.completes_references
        if plan.is_restricted or hides_parents or self._context.hooks is not None:
            return await self._store_as_allowed(plan)
        stored: dict[int, Row] = {}
        left = list(range(len(plan.rows)))
        for _ in range(ATTEMPTS):
            if left:
                stored |= await self._store(plan, left)
                left = [index for index in left if index not in stored]
        if left:
            # A trigger has ignored them, or changed their keys.
            raise Rejection(ConstraintViolation(Constraint.TRIGGER), plan.pick(left))
        rows = [stored[index] for index in range(len(plan.rows))]
        check_keys(plan, rows)
        await self._check_merged(plan, rows)
        return rows

    async def _store_as_allowed(self, plan: UpsertPlan) -> list[Row]:
        """Store rows where a policy restricts writes, or hooks run.

        Existing rows are looked up and locked, even if the caller can't see them. Then they are
        updated like rows that a request names, and the other rows are inserted.
        """
        table, rows = plan.table, plan.rows
        stored = await self._look_up(plan)
        merged = [i for i in sorted(stored) if plan.merged[i]]
        changed = UpdatePlan(
            table,
            tuple(table.values_of(stored[i], table.key_columns) for i in merged),
            tuple(self._merged_row(plan, i) for i in merged),
            many=True,
        )
        if merged:
            written = await update_rows(self._context, changed)
            stored.update(zip(merged, written.rows, strict=True))
        new = [i for i in range(len(rows)) if i not in stored]
        if new:
            if stored:
                # Existing rows provide nothing that the other rows could refer to.
                await check_parents(self._context, plan.pick(new))
            stored.update(zip(new, await self._create_all(plan.pick(new)), strict=True))
        found = [stored[i] for i in range(len(rows))]
        check_keys(plan, found)
        await self._check_merged(plan, found)
        return found

    async def _check_merged(self, plan: UpsertPlan, rows: Sequence[Row]) -> None:
        """Check rows that a model validates whole, including values that clients never see."""
        shape = plan.whole_shape
        if shape is not None:
            keys = [plan.table.values_of(row, plan.table.key_columns) for row in rows]
            found = await self._context.run(shape, {ROWS: keys})
            stored = {place: row for place, *row in found}
            rows = [stored[place] for place in range(len(rows))]
        check_merged(plan, rows)

    async def _look_up(self, plan: UpsertPlan) -> dict[int, Row]:
        """Lock the existing rows.

        Raises:
            AlreadyExists: The caller may not see one of them.
        """
        table, locked = plan.table, select_locked(plan.table)
        shown = len(table.selected)
        shape = replace(locked, fields=plan.unique, allows=("read",), hidden=True)
        stored: dict[int, Row] = {}
        for place, *row in await self._context.run(shape, {ROWS: plan.unique_values}):
            if not row[-1]:
                raise explain_unique(table, plan.unique, plan.rows[place].pointer)
            stored[place] = row[:shown]
        return stored

    def _merged_row(self, plan: UpsertPlan, index: int) -> NewRow:
        merged = plan.rows[index].keep(plan.merged[index] or ())
        return assign_merged(plan, merged, self._context.caller)

    async def _create_all(self, plan: UpsertPlan) -> Sequence[Row]:
        """Store new rows, and run their hooks."""
        hooks, alone = self._context.hooks, CreatePlan(plan.table, plan.rows)
        missing = plan.unique_values
        if hooks is not None:
            plan = replace(plan, rows=await hooks.before_create(alone))
        stored: dict[int, Row] = {}
        for fields, conflict, group in _group_new(plan, missing):
            created = await self._create(fields, conflict, plan.pick(group))
            stored.update(zip(group, created, strict=True))
        rows = [stored[index] for index in range(len(plan.rows))]
        if hooks is not None:
            hooks.created(alone, rows)
        return rows

    async def _create(
        self, fields: tuple[Field, ...], conflict: Conflict | None, plan: UpsertPlan
    ) -> Sequence[Row]:
        """Store new rows, unless others have stored them meanwhile."""
        table = plan.table
        many = len(plan.rows) > 1 and go_together(table, fields) and not self._context.one_by_one
        shape = InsertShape(table, fields, many=many, conflict=conflict)
        created: list[Row] = []
        for part in [list(range(len(plan.rows)))] if many else [[i] for i in range(len(plan.rows))]:
            created += await self._run(shape, plan.pick(part))
        if len(created) < len(plan.rows):
            # Two of them are equal to the database, or another transaction has just stored one.
            stored = await self._look_up(plan)
            if len(stored) < len(plan.rows):
                raise Rejection(ConstraintViolation(Constraint.TRIGGER), plan)
            check_keys(plan, [stored[i] for i in range(len(plan.rows))])
            raise Contention()
        await check_written(self._context, table, "create", plan.rows, created)
        return created

    async def _store(self, plan: UpsertPlan, indexes: Sequence[int]) -> dict[int, Row]:
        """Store some rows of a plan; existing rows that are left unchanged are read."""
        stored: dict[int, Row] = {}
        ignored: list[int] = []
        for shape, group in plan.group(indexes).items():
            for part in self._split(shape, group):
                rows = await self._insert(shape, plan.pick(part))
                stored.update(zip(part, rows, strict=False))
            if shape.ignores:
                ignored += group
        return {**stored, **await self._read(plan, ignored)}

    def _split(self, shape: InsertShape, group: list[int]) -> Iterator[list[int]]:
        """Yield the indexes of rows that one statement stores."""
        if shape.many and not self._context.one_by_one:
            yield group
            return
        for index in group:
            yield [index]

    async def _insert(self, shape: InsertShape, plan: UpsertPlan) -> Sequence[Row]:
        """Store rows in one statement, which does not return rows that are left unchanged."""
        stored = await self._run(shape, plan)
        return () if shape.ignores else stored

    async def _run(self, shape: InsertShape, plan: UpsertPlan) -> Sequence[Row]:
        rows = plan.rows
        values = {ROWS: [row.values for row in rows]} if shape.many else bind_row(rows[0])
        try:
            stored = await self._context.run(shape, values)
            if not shape.ignores:
                check_all_written(stored, len(rows))
        except ConstraintViolation as violation:
            raise Rejection(violation, plan) from violation
        return stored

    async def _read(self, plan: UpsertPlan, indexes: Sequence[int]) -> dict[int, Row]:
        """Read the existing rows with the keys of some rows of a plan."""
        if not indexes:
            return {}
        shape = ExistingShape(plan.table, plan.unique)
        found = await self._context.run(shape, {ROWS: plan.pick(indexes).unique_values})
        return {indexes[place]: row for place, *row in found}


def _group_new(
    plan: UpsertPlan, missing: Sequence[Key]
) -> Iterator[tuple[tuple[Field, ...], Conflict | None, list[int]]]:
    """Yield new rows by the fields that they set, each group with its conflict.

    Others may meanwhile have stored rows with the keys that were missing. Those to which a hook has
    given another key come last, and must not exist, as in any create.

    Args:
        plan: The rows as hooks have left them.
        missing: The key of each row that was not found.
    """
    groups: defaultdict[tuple[bool, tuple[Field, ...]], list[int]] = defaultdict(list)
    for index, row in enumerate(plan.rows):
        values = dict(row.items())
        key = tuple(values.get(field) for field in plan.unique)
        groups[key != missing[index] or None in key, row.fields].append(index)
    for (must_be_new, fields), group in sorted(groups.items(), key=lambda item: item[0][0]):
        yield fields, None if must_be_new else Conflict(plan.unique, None), group


def check_keys(plan: UpsertPlan, rows: Sequence[Row]) -> None:
    """Check that no two rows of a plan are the same row of the table.

    Args:
        plan: The rows.
        rows: The rows as stored.

    Raises:
        InvalidRequest: Two different keys are equal to the database.
    """
    table = plan.table
    faults = Faults()
    keys = [table.values_of(row, table.key_columns) for row in rows]
    check_distinct(keys, [row.pointer for row in plan.rows], faults)
    faults.refuse()
