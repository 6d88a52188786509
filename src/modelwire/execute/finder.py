"""Looks up which rows exist, in any table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column
from sqlalchemy import Table as SQLTable

from ..catalog import references_to
from ..plan.shapes import FindShape
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
