"""Stores rows that may be there already, by a unique key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...errors import Constraint, ConstraintViolation, Faults
from ...plan.writing.batches import check_distinct
from ...plan.writing.upsert import UpsertPlan, check_merged
from ...shape.reads import GivenShape
from ...shape.writes import InsertShape
from ...statement.lists import ROWS
from ..connect.lane import Row
from ..rejection import Rejection, check_all_written
from .context import WriteContext
from .insert import bind_row

ATTEMPTS = 3
"""How often a row is stored that is then neither new nor there: it may have gone in between."""


class Upserter:
    """Stores rows as new ones, or into those with the same unique key.

    Args:
        context: The lane.
    """

    def __init__(self, context: WriteContext) -> None:
        self._context = context

    async def store(self, plan: UpsertPlan) -> list[Row]:
        """Store rows.

        Args:
            plan: The rows.

        Returns:
            The rows as they are stored then, in the order of the plan, whether new or not.

        Raises:
            InvalidRequest: Two keys are one to the database, by its collation or type; or what has
                become of a row does not fit its model.
            Rejection: A constraint fired.
        """
        stored: dict[int, Row] = {}
        left = list(range(len(plan.rows)))
        for _ in range(ATTEMPTS):
            if left:
                stored |= await self._store(plan, left)
                left = [index for index in left if index not in stored]
        if left:
            # A trigger has passed over them, or changed their keys.
            raise Rejection(ConstraintViolation(Constraint.TRIGGER), plan.pick(left))
        rows = [stored[index] for index in range(len(plan.rows))]
        check_keys(plan, rows)
        check_merged(plan, rows)
        return rows

    async def _store(self, plan: UpsertPlan, indexes: Sequence[int]) -> dict[int, Row]:
        """Store some rows of a plan; those that are left alone are read where they are there."""
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
        """The rows that are stored together."""
        if shape.many and not self._context.one_by_one:
            yield group
            return
        for index in group:
            yield [index]

    async def _insert(self, shape: InsertShape, plan: UpsertPlan) -> Sequence[Row]:
        """Store rows in one statement; of those that are left alone it says nothing."""
        rows = plan.rows
        values = {ROWS: [row.values for row in rows]} if shape.many else bind_row(rows[0])
        try:
            stored = await self._context.run(shape, values)
            if shape.ignores:
                return ()
            check_all_written(stored, len(rows))
        except ConstraintViolation as violation:
            raise Rejection(violation, plan) from violation
        return stored

    async def _read(self, plan: UpsertPlan, indexes: Sequence[int]) -> dict[int, Row]:
        """Read the rows that are there under the keys of some rows of a plan."""
        if not indexes:
            return {}
        shape = GivenShape(plan.table, plan.unique)
        found = await self._context.run(shape, {ROWS: plan.pick(indexes).unique_values})
        return {indexes[place]: row for place, *row in found}


def check_keys(plan: UpsertPlan, rows: Sequence[Row]) -> None:
    """Check that no two rows of a plan are one row of the table.

    Args:
        plan: The rows.
        rows: As they are stored.

    Raises:
        InvalidRequest: Their keys differ here, and are the same to the database.
    """
    table = plan.table
    faults = Faults()
    keys = [table.values_of(row, table.key_columns) for row in rows]
    check_distinct(keys, [row.pointer for row in plan.rows], faults)
    faults.refuse()
