"""Removes rows with their dependents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Table as SQLTable

from ..catalog import Table
from ..catalog.tables import Dependent
from ..errors import Constraint, ConstraintViolation, NotFound
from ..plan import DeletePlan
from ..plan.shapes import DeleteShape, Lock
from ..statement import ROWS, Statements
from .finder import Columns, Finder
from .lane import Lane, Row
from .lock import Check, lock_rows
from .rejection import Rejection


class Remover:
    """Removes rows on a lane that writes, after what the models declare to go with them.

    Args:
        lane: The lane.
        statements: The statements of the application.
        dependents: What goes with the rows of each table.
        singly: Whether rows are removed one by one, so that a refusal tells its row.
    """

    def __init__(
        self,
        lane: Lane,
        statements: Statements,
        dependents: Mapping[str, Sequence[Dependent]],
        *,
        singly: bool = False,
    ) -> None:
        self._lane = lane
        self._statements = statements
        self._dependents = dependents
        self._singly = singly
        self._finder = Finder(lane, statements)
        self._seen: set[tuple[str, Row]] = set()

    async def remove(self, plan: DeletePlan, check: Check | None = None) -> None:
        """Remove rows.

        Args:
            plan: The rows.
            check: Looks at each row before it is removed.

        Raises:
            NotFound: A row is not there.
            Rejection: Something else still refers to one of the rows.
        """
        if plan.many or check is not None or self._dependents.get(plan.table.name):
            # Nothing that would have to go along may come while it is removed.
            await lock_rows(self._lane, self._statements, plan, check)
        parts = [plan.part(i) for i in range(len(plan.keys))] if self._singly else [plan]
        for part in parts:
            try:
                removed = await self._remove(plan.table.sql, part.keys)
                if len(removed) < len(part.keys):
                    await self._check_gone(plan.table, part.keys)
            except ConstraintViolation as violation:
                raise Rejection(violation, part) from violation
            if not removed and not plan.many:
                raise NotFound(f"{plan.table.title} not found")

    async def _remove(self, table: SQLTable, keys: Sequence[Row]) -> Sequence[Row]:
        key = tuple(table.primary_key.columns)
        self._seen.update((table.fullname, tuple(k)) for k in keys)
        for dependent in self._dependents.get(table.fullname, ()):
            parents = await self._values_of(table, dependent.parent_columns, keys)
            if parents:
                await self._remove_dependent(dependent, parents)
        return await self._delete(table, key, keys)

    async def _check_gone(self, table: Table, keys: Sequence[Row]) -> None:
        """Tell rows that are not there from those whose removal a trigger has passed over."""
        key = table.key_columns
        if await self._finder.find(table.sql, key, key, keys):
            raise ConstraintViolation(Constraint.TRIGGER)

    async def _values_of(
        self, table: SQLTable, columns: Columns, keys: Sequence[Row]
    ) -> Sequence[Row]:
        key = tuple(table.primary_key.columns)
        if tuple(columns) == key:
            return keys
        return await self._finder.find(table, columns, key, keys)

    async def _remove_dependent(self, dependent: Dependent, parents: Sequence[Row]) -> None:
        if dependent.is_link:
            await self._delete(dependent.table, dependent.columns, parents)
            return
        key = tuple(dependent.table.primary_key.columns)
        columns = dependent.columns
        found = await self._finder.find(dependent.table, key, columns, parents, Lock.REMOVE)
        new = [tuple(k) for k in found if (dependent.table.fullname, tuple(k)) not in self._seen]
        if new:
            await self._remove(dependent.table, new)

    async def _delete(
        self, table: SQLTable, columns: Columns, rows: Sequence[Row]
    ) -> Sequence[Row]:
        shape = DeleteShape(table, tuple(columns))
        return await self._lane.fetch(self._statements.of(shape), {ROWS: rows})
