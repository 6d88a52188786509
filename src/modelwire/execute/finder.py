"""Look-ups of rows, and of rows that refer to them, in any table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import Column
from sqlalchemy import Table as SQLTable

from ..catalog.constraints import Reference, references_to
from ..catalog.dependents import Dependent
from ..catalog.tables import Catalog
from ..shape.lookups import LookupShape
from ..shape.parts import Lock
from ..statement.lists import ROWS
from ..statement.partitions import values_of_whole
from ..statement.statements import Statements
from .connect.lane import Lane, Row

Columns = Sequence[Column[Any]]


class Whole(NamedTuple):
    """Partitioned table.

    Args:
        schema: Its schema.
        table: Its name.
        key: The name of its index that corresponds to the partition's; None for other constraints.
    """

    schema: str
    table: str
    key: str | None


class Finder(Struct, frozen=True):
    """Finder of rows on a lane.

    Args:
        lane: The lane.
        statements: The statements of the application.
        seen: The resources, to find only the rows that the caller may see, and lock them; every row
            is found, if None.
    """

    lane: Lane
    statements: Statements
    seen: Catalog | None = None

    async def find(
        self,
        table: SQLTable,
        shown: Columns,
        columns: Columns,
        rows: Sequence[Row],
        lock: Lock | None = None,
    ) -> Sequence[Row]:
        """Return the values of some columns in the rows that have given values in other columns."""
        resource = None
        if self.seen is not None:
            resource, lock = self.seen.find(table), Lock.KEEP
        shape = LookupShape(table, tuple(shown), tuple(columns), lock, resource=resource)
        return await self.lane.fetch(self.statements.of(shape), {ROWS: rows})

    async def find_missing(
        self, table: SQLTable, columns: Columns, keys: Sequence[tuple[Any, ...]]
    ) -> tuple[Any, ...] | None:
        """Return the first of some keys that no row has in some columns; None if all are found."""
        rows = await self.find(table, columns, columns, keys) if keys else ()
        found = {*map(tuple, rows)}
        for key in keys:
            # Texts may be equal to the database but not to Python.
            if key not in found and not await self.find(table, columns, columns, [key]):
                return key
        return None

    async def find_referrer(
        self,
        table: SQLTable,
        keys: Sequence[Row],
        dependents: Mapping[str, Sequence[Dependent]],
        changed: AbstractSet[Column[Any]] | None,
        beside: AbstractSet[Row],
    ) -> SQLTable | None:
        """Find a table that blocks the deletion of rows, or the update of referenced columns.

        Args:
            table: Their table.
            keys: The values of its primary key.
            dependents: The declared dependents of each table, besides the database's own cascades.
            changed: The updated columns; None if the rows are deleted.
            beside: The keys of other rows of the table that are deleted with them.

        Returns:
            A table whose rows stay and refer to the rows or to their dependents; None if there is
            none.
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
        gone = seen | {(table, key) for key in beside} if changed is None else set()
        return next((sql for sql, key in blocking if (sql, key) not in gone), None)

    async def find_left_behind(self, table: SQLTable, key: Row) -> SQLTable | None:
        """Find a table with rows that refer to a key that no longer exists.

        Args:
            table: The table of the key.
            key: The values of its primary key.
        """
        columns = tuple(table.primary_key.columns)
        if await self.find(table, columns, columns, [key]):
            return None
        values = dict(zip(columns, key, strict=True))
        for reference in references_to(table):
            if not values.keys() >= {*reference.parent_columns}:
                continue
            sought = tuple(values[column] for column in reference.parent_columns)
            if await self.find(reference.table, reference.columns, reference.columns, [sought]):
                return reference.table
        return None

    async def find_whole(
        self, part: str, schema: str | None, constraint: str | None
    ) -> Whole | None:
        """Find the table that another table is a partition of.

        Args:
            part: The partition.
            schema: Its schema.
            constraint: A constraint of the partition.

        Returns:
            The table, with the name of its index for the constraint, if any; None if the other
            table is not a partition.
        """
        values = values_of_whole(schema, part, constraint)
        for row in await self.lane.fetch(self.statements.whole, values):
            return Whole(*row)
        return None

    async def _find_children(self, reference: Reference, keys: Sequence[Row]) -> list[Row]:
        """Return the keys of the rows that refer to some rows by a foreign key."""
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
    """Return the action on rows that refer to a deleted row, or to updated columns."""
    if changed is not None:
        touched = not changed.isdisjoint(reference.parent_columns)
        return reference.on_update if touched else "UNTOUCHED"
    below = dependents.get(reference.parent.fullname, ())
    declared = any(d.table is reference.table and d.columns == reference.columns for d in below)
    return "CASCADE" if declared else reference.on_delete
