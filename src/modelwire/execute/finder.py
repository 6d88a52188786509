"""Looks up which rows exist, in any table, and deletes rows with their dependents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Column
from sqlalchemy import Table as SQLTable

from ..catalog import Reference, references_to
from ..catalog.tables import Dependent
from ..plan.shapes import DeleteShape, FindShape
from ..statement import ROWS, Statements
from .lane import Lane, Row

Columns = Sequence[Column[Any]]


class Finder:
    """Looks rows up on a lane.

    Args:
        lane: The lane.
        statements: The statements of the application.
    """

    def __init__(self, lane: Lane, statements: Statements) -> None:
        self._lane = lane
        self._statements = statements

    async def find(
        self, table: SQLTable, shown: Columns, columns: Columns, rows: Sequence[Row]
    ) -> Sequence[Row]:
        """The values of some columns in the rows whose columns have one of the given values."""
        shape = FindShape(table, tuple(shown), tuple(columns))
        return await self._lane.fetch(self._statements.of(shape), {ROWS: rows})

    async def find_referrer(
        self,
        table: SQLTable,
        keys: Sequence[Row],
        dependents: Mapping[str, Sequence[Dependent]],
        changed: AbstractSet[Column[Any]] | None = None,
    ) -> str | None:
        """Find what stands in the way of deleting some rows, or of changing what others refer to.

        Args:
            table: Their table.
            keys: The values of its primary key.
            dependents: What goes with the rows of each table, besides what the database deletes.
            changed: The columns that are changed; the rows are deleted, if None.

        Returns:
            The name of a table whose rows stay and refer to the rows, or to some that go with
            them; None if there is none.
        """
        seen: set[tuple[SQLTable, Row]] = {(table, tuple(key)) for key in keys}
        blocking: list[tuple[SQLTable, Row]] = []
        pending = [(table, keys, changed)]
        while pending:
            parent, parents, columns = pending.pop()
            for reference in references_to(parent):
                action = _action_of(reference, dependents, columns)
                if action in _IGNORED:
                    continue
                children = await self._find_children(reference, parents)
                found = [(reference.table, key) for key in children]
                if action != "CASCADE":
                    blocking += found
                elif new := [key for sql, key in found if (sql, key) not in seen]:
                    seen.update(found)
                    pending.append((reference.table, new, columns and set(reference.columns)))
        gone = seen if changed is None else set()
        return next((sql.name for sql, key in blocking if (sql, key) not in gone), None)

    async def _find_children(self, reference: Reference, keys: Sequence[Row]) -> list[Row]:
        """The keys of the rows that refer to some rows by a foreign key."""
        key = tuple(reference.parent.primary_key.columns)
        values = await self.find(reference.parent, reference.parent_columns, key, keys)
        known = [row for row in values if None not in row]
        if not known:
            return []
        shown = tuple(reference.table.primary_key.columns) or tuple(reference.table.columns)
        return [tuple(k) for k in await self.find(reference.table, shown, reference.columns, known)]


_IGNORED = ("SET NULL", "UNTOUCHED")


def _action_of(
    reference: Reference,
    dependents: Mapping[str, Sequence[Dependent]],
    changed: AbstractSet[Column[Any]] | None,
) -> str:
    """What becomes of the rows that refer to one that is deleted, or whose columns change."""
    if changed is not None:
        touched = not changed.isdisjoint(reference.parent_columns)
        return reference.on_update if touched else "UNTOUCHED"
    below = dependents.get(reference.parent.fullname, ())
    declared = any(d.table is reference.table and d.columns == reference.columns for d in below)
    return "CASCADE" if declared else reference.on_delete


async def delete_rows(
    lane: Lane,
    statements: Statements,
    dependents: Mapping[str, Sequence[Dependent]],
    table: SQLTable,
    keys: Sequence[Row],
) -> Sequence[Row]:
    """Delete rows by their keys, after what the models declare to go with them.

    Args:
        lane: A lane that writes.
        statements: The statements of the application.
        dependents: What goes with the rows of each table.
        table: The table.
        keys: Values of its primary key.

    Returns:
        The keys of the rows that were there.

    Raises:
        ConstraintViolation: Something else still refers to one of the rows.
    """
    return await _Removal(lane, statements, dependents).remove(table, keys)


class _Removal:
    def __init__(
        self, lane: Lane, statements: Statements, dependents: Mapping[str, Sequence[Dependent]]
    ) -> None:
        self._lane = lane
        self._statements = statements
        self._dependents = dependents
        self._finder = Finder(lane, statements)
        self._seen: set[tuple[str, Row]] = set()

    async def remove(self, table: SQLTable, keys: Sequence[Row]) -> Sequence[Row]:
        key = tuple(table.primary_key.columns)
        self._seen.update((table.fullname, tuple(k)) for k in keys)
        for dependent in self._dependents.get(table.fullname, ()):
            parents = await self._values_of(table, dependent.parent_columns, keys)
            if parents:
                await self._remove_dependent(dependent, parents)
        return await self._delete(table, key, keys)

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
        found = await self._finder.find(dependent.table, key, dependent.columns, parents)
        new = [tuple(k) for k in found if (dependent.table.fullname, tuple(k)) not in self._seen]
        if new:
            await self.remove(dependent.table, new)

    async def _delete(
        self, table: SQLTable, columns: Columns, rows: Sequence[Row]
    ) -> Sequence[Row]:
        shape = DeleteShape(table, tuple(columns))
        return await self._lane.fetch(self._statements.of(shape), {ROWS: rows})
