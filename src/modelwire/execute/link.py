"""Links rows of a many-to-many relation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..catalog import Relation, Table
from ..errors import ConstraintViolation
from ..plan.links import LinkSet
from ..plan.shapes import DeleteShape, FindShape, LinkShape
from ..statement import ROWS, Statements
from .lane import Lane, Row
from .rejection import Rejection

Pairs = Sequence[Row]
"""Rows of values; of a link table the values of both ends."""


class Linker:
    """Links rows on a lane that writes.

    Args:
        lane: The lane.
        statements: The statements of the application.
    """

    def __init__(self, lane: Lane, statements: Statements) -> None:
        self._lane = lane
        self._statements = statements

    async def add(self, table: Table, row: Row, links: LinkSet) -> None:
        """Link a row to others; links that are there already stay.

        Args:
            table: Its resource.
            row: The row as it is read.
            links: The others.

        Raises:
            Rejection: One of them is not there.
        """
        owner = table.values_of(row, links.relation.local)
        await self._insert(links, [(*owner, *end) for end in _ends_of(links)])

    async def replace(self, table: Table, row: Row, links: LinkSet) -> None:
        """Link a row to others, and no longer to any that is not among them.

        The row must be locked, so that what two requests set does not mix.

        Args:
            table: Its resource.
            row: The row as it is read.
            links: The others.

        Raises:
            Rejection: One of them is not there.
        """
        owner = table.values_of(row, links.relation.local)
        known, wanted = await self._find_linked(links.relation, owner), _ends_of(links)
        # New ones first: whoever removes a row to be linked is waited for with nothing in hand that
        # they may wait for.
        await self._insert(links, [(*owner, *end) for end in wanted if end not in known])
        surplus = [(*owner, *end) for end in known if end not in wanted]
        if surplus:
            await self._delete(links.relation, surplus)

    async def remove(self, table: Table, row: Row, links: LinkSet) -> None:
        """Take away the links from a row to others, where there are any."""
        owner = table.values_of(row, links.relation.local)
        await self._delete(links.relation, [(*owner, *end) for end in _ends_of(links)])

    async def tie(self, relation: Relation, owners: Pairs, table: Table, rows: Pairs) -> None:
        """Link new rows, each to the one with its owner's values."""
        columns = [column for column, _ in relation.link_target]
        ends = [table.values_of(row, columns) for row in rows]
        pairs = [(*owner, *end) for owner, end in zip(owners, ends, strict=True)]
        await self._lane.fetch(self._statements.of(_shape_of(relation)), {ROWS: pairs})

    async def _insert(self, links: LinkSet, pairs: Pairs) -> None:
        if not pairs:
            return
        try:
            await self._lane.fetch(self._statements.of(_shape_of(links.relation)), {ROWS: pairs})
        except ConstraintViolation as violation:
            raise Rejection(violation, links) from violation

    async def _delete(self, relation: Relation, pairs: Pairs) -> None:
        shape = _shape_of(relation)
        removal = DeleteShape(shape.table, shape.columns)
        await self._lane.fetch(self._statements.of(removal), {ROWS: pairs})

    async def _find_linked(self, relation: Relation, owner: tuple[Any, ...]) -> set[Row]:
        shape = _shape_of(relation)
        find = FindShape(shape.table, shape.columns[len(owner) :], relation.remote)
        found = await self._lane.fetch(self._statements.of(find), {ROWS: [owner]})
        return {tuple(row) for row in found}


def _ends_of(links: LinkSet) -> dict[Row, None]:
    """The values by which the link table refers to the rows of a set, in their order."""
    key = [field.column for field in links.target.key]
    positions = [key.index(column) for column, _ in links.relation.link_target]
    return {tuple(values[i] for i in positions): None for values in links.keys}


def _shape_of(relation: Relation) -> LinkShape:
    """The links of a relation: the columns that refer to its owner, then those to its target."""
    columns = (*relation.remote, *(linked for _, linked in relation.link_target))
    return LinkShape(columns[0].table, columns)
