"""Looks up which rows exist, in any table, and deletes rows with their dependents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column
from sqlalchemy import Table as SQLTable

from ..catalog import references_to
from ..catalog.tables import Dependent
from ..errors import Constraint, ConstraintViolation
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

    async def exists(
        self, table: SQLTable, given: Columns, columns: Columns, values: Mapping[str, Any]
    ) -> bool | None:
        """Whether a table has a row whose columns are equal to given ones; None if one is NULL."""
        sought = tuple(values.get(column.name) for column in given)
        if any(value is None for value in sought):
            return None
        return bool(await self.find(table, columns, columns, [sought]))

    async def find_referrer(self, table: SQLTable, keys: Sequence[Row]) -> str | None:
        """The name of a table whose rows refer to one of the given rows; None if none does."""
        key = tuple(table.primary_key.columns)
        for reference in references_to(table):
            values = await self.find(table, reference.parent_columns, key, keys)
            known = [row for row in values if None not in row]
            if known and await self.find(
                reference.table, reference.columns, reference.columns, known
            ):
                return str(reference.table.name)
        return None


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
        self._seen.update((table.name, tuple(k)) for k in keys)
        for dependent in self._dependents.get(table.name, ()):
            parents = await self._values_of(table, dependent.parent_columns, keys)
            if parents:
                await self._remove_dependent(dependent, parents)
        try:
            return await self._delete(table, key, keys)
        except ConstraintViolation as violation:
            if violation.kind is Constraint.FOREIGN_KEY and violation.table is None:
                violation.table = await self._finder.find_referrer(table, keys)
            raise

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
        new = [tuple(k) for k in found if (dependent.table.name, tuple(k)) not in self._seen]
        if new:
            await self.remove(dependent.table, new)

    async def _delete(
        self, table: SQLTable, columns: Columns, rows: Sequence[Row]
    ) -> Sequence[Row]:
        shape = DeleteShape(table, tuple(columns))
        return await self._lane.fetch(self._statements.of(shape), {ROWS: rows})
