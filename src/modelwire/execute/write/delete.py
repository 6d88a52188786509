"""Deletion of rows with their dependents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from sqlalchemy import Table as SQLTable

from ...catalog.constraints import cascades_in_circles, references_to
from ...catalog.dependents import Dependent
from ...catalog.tables import Table
from ...errors import Constraint, ConstraintViolation, NotFound
from ...plan.writing.delete import DeletePlan
from ...shape.lookups import DescendShape, LookupShape
from ...shape.parts import Lock
from ...shape.writes import DeleteShape
from ...statement.lists import ROWS
from ..connect.lane import Row
from ..finder import Columns, Finder
from ..rejection import Rejection
from .context import WriteContext
from .lock import check_stored, read_locked


class _Level(Struct):
    """Rows that are deleted together, once their dependents are.

    Args:
        table: Their table.
        keys: The values of its primary key.
        left: The dependents that are still to be deleted.
    """

    table: SQLTable
    keys: Sequence[Row]
    left: Iterator[Dependent]


class Remover:
    """Writer of deletes, which first delete the rows that the models declare as dependents.

    Args:
        context: The context of the write.
    """

    def __init__(self, context: WriteContext) -> None:
        self._context = context
        self._finder = Finder(context.lane, context.statements)
        self._seen: set[tuple[str, Row]] = set()

    async def remove(self, plan: DeletePlan) -> None:
        """Delete rows.

        Args:
            plan: The rows.

        Raises:
            NotFound: A row does not exist.
            InvalidRequest: Two keys are equal to the database.
            Rejection: Another row still refers to one of the rows.
            TooManyLevels: Triggers are nested more deeply than the database allows.
        """
        keys: Sequence[Row] = plan.keys
        context, hooks = self._context, self._context.hooks
        if not plan.goes_alone or context.check is not None or hooks is not None:
            # No dependents may be added while the row is being deleted.
            stored = await read_locked(context, plan)
            check_stored(context, plan, stored)
            keys = [plan.table.values_of(row, plan.table.key_columns) for row in stored]
            if hooks is not None:
                along = await self.find_along(plan.table.sql, keys)
                await hooks.before_delete(plan, stored, along)
        parts = [(plan, keys)]
        if context.one_by_one:
            parts = [(plan.nth(i), [key]) for i, key in enumerate(keys)]
        for part, found in parts:
            try:
                removed = await self._walk(plan.table, found)
                if len(removed) < len(found):
                    await self._check_gone(plan.table, found)
            except ConstraintViolation as violation:
                raise Rejection(violation, part) from violation
            if not removed and not plan.many:
                raise NotFound(f"{plan.table.title} not found")

    async def _check_gone(self, table: Table, keys: Sequence[Row]) -> None:
        """Raise a violation if a visible row still exists: a trigger has ignored its deletion."""
        key = table.key_columns
        shape = LookupShape(table.sql, key, key, resource=table)
        if await self._context.run(shape, {ROWS: keys}):
            raise ConstraintViolation(Constraint.TRIGGER)

    async def find_along(
        self, table: SQLTable, keys: Sequence[Row], *, softly: bool = False
    ) -> Mapping[Table, Sequence[Row]]:
        """Lock the dependents of some rows, as the models declare them.

        Args:
            table: Their table.
            keys: Their keys.
            softly: Whether to include only dependents with soft deletes.

        Returns:
            The keys of the dependents that belong to resources.
        """
        catalog = self._context.catalog
        self._seen = {(table.fullname, tuple(key)) for key in keys}
        found: defaultdict[Table, list[Row]] = defaultdict(list)
        pending = [(table, keys)]
        while pending:
            above, parents = pending.pop()
            for dependent in catalog.dependents.get(above.fullname, ()):
                resource = catalog.find(dependent.table)
                is_soft = resource is not None and resource.deleted_at is not None
                if dependent.is_link or (softly and not is_soft):
                    continue
                level = _Level(above, parents, iter(()))
                below = await self._find_dependents(level, dependent)
                if not below:
                    continue
                pending.append((dependent.table, below))
                if resource is not None:
                    found[resource] += below
        return found

    async def _walk(self, resource: Table, keys: Sequence[Row]) -> Sequence[Row]:
        """Delete rows depth-first, dependents before their parents."""
        table = resource.sql
        self._seen = {(table.fullname, tuple(key)) for key in keys}
        levels = [_Level(table, keys, iter(self._dependents_of(table)))]
        removed: Sequence[Row] = ()
        while levels:
            level = levels[-1]
            dependent = next(level.left, None)
            if dependent is None:
                levels.pop()
                # Dependents are deleted even if the caller can't see them.
                asked = None if levels else resource
                key = tuple(level.table.primary_key.columns)
                removed = await self._delete(level.table, key, level.keys, asked)
            elif found := await self._find_dependents(level, dependent):
                below = self._dependents_of(dependent.table)
                levels.append(_Level(dependent.table, found, iter(below)))
        return removed

    def _dependents_of(self, table: SQLTable) -> Sequence[Dependent]:
        """Return the dependents to delete before the rows of a table.

        SQLite nests cascades up to 1,000 levels deep, and then leaves some of the rows deleted. So
        cascades that may nest without limit are not left to it.
        """
        declared = self._context.catalog.dependents.get(table.fullname, ())
        if not self._context.statements.dialect.nests_cascades or not cascades_in_circles(table):
            return declared
        cascades = [
            Dependent(r.table, r.columns, r.parent_columns, is_link=False)
            for r in references_to(table)
            if r.on_delete == "CASCADE" and r.table.primary_key.columns
        ]
        return [*declared, *cascades]

    async def _find_dependents(self, level: _Level, dependent: Dependent) -> Sequence[Row]:
        """Lock the dependents of some rows, except those that are already being deleted.

        Links have no dependents of their own, and are deleted at once.
        """
        parents = await self._values_of(level, dependent.parent_columns)
        if not parents:
            return ()
        if dependent.is_link:
            await self._delete(dependent.table, dependent.columns, parents)
            return ()
        name = dependent.table.fullname
        found = await self._find_below(level.table, dependent, parents)
        new = [tuple(key) for key in found if (name, tuple(key)) not in self._seen]
        self._seen.update((name, key) for key in new)
        return new

    async def _find_below(
        self, above: SQLTable, dependent: Dependent, parents: Sequence[Row]
    ) -> Sequence[Row]:
        table, columns = dependent.table, dependent.columns
        if table is above and not _restricts(dependent):
            shape = DescendShape(table, columns, dependent.parent_columns, Lock.REMOVE)
            return await self._context.run(shape, {ROWS: parents})
        key = tuple(table.primary_key.columns)
        return await self._finder.find(table, key, columns, parents, Lock.REMOVE)

    async def _values_of(self, level: _Level, columns: Columns) -> Sequence[Row]:
        key = tuple(level.table.primary_key.columns)
        if tuple(columns) == key:
            return level.keys
        return await self._finder.find(level.table, columns, key, level.keys)

    async def _delete(
        self,
        table: SQLTable,
        columns: Columns,
        rows: Sequence[Row],
        resource: Table | None = None,
    ) -> Sequence[Row]:
        shape = DeleteShape(table, tuple(columns), resource)
        return await self._context.run(shape, {ROWS: rows})


def _restricts(dependent: Dependent) -> bool:
    """Whether a parent can't be deleted together with the rows that refer to it.

    SQLite applies RESTRICT even within one statement (manual, SQLite Foreign Key Support, section
    4.3).
    """
    references = references_to(dependent.table)
    return any(r.columns == dependent.columns and r.on_delete == "RESTRICT" for r in references)
