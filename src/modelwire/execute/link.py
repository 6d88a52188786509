"""Links rows of a many-to-many relation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..catalog import Relation, Table, excludes_links
from ..errors import ConstraintViolation
from ..plan.links import LinkSet
from ..plan.new_rows import CreatePlan
from ..plan.shapes import DeleteShape, FindShape, LinkShape
from ..statement import ROWS, Statements
from .lane import Lane, Row
from .rejection import Rejection

Pairs = Sequence[Row]
"""Rows of values; of a link table the values of both ends."""


class _Change(NamedTuple):
    """How the links of a row change."""

    added: LinkSet
    pairs: Pairs
    surplus: Pairs


class Linker:
    """Links rows on a lane that writes.

    Args:
        lane: The lane.
        statements: The statements of the application.
        singly: Whether links are made one by one, so that a refusal tells its link.
    """

    def __init__(self, lane: Lane, statements: Statements, *, singly: bool = False) -> None:
        self._lane = lane
        self._statements = statements
        self._singly = singly

    async def add(self, table: Table, row: Row, links: LinkSet) -> None:
        """Link a row to others; links that are there already stay.

        Args:
            table: Its resource.
            row: The row as it is read.
            links: The others.

        Raises:
            Rejection: One of them is not there, or a constraint of the link table fired.
        """
        owner = table.values_of(row, links.relation.local)
        await self._insert(links, [(*owner, *end) for end in _ends_of(links)])

    async def replace(self, table: Table, wanted: Sequence[tuple[Row, LinkSet]]) -> None:
        """Link rows to others, and no longer to any that are not among them.

        The rows must be locked, so that what two requests set does not mix.

        Args:
            table: Their resource.
            wanted: The rows as they are read, each with the others.

        Raises:
            Rejection: One of them is not there, or a constraint of the link table fired.
        """
        changes = [await self._compare(table, row, links) for row, links in wanted]
        # What excludes others goes before they come. Elsewhere new ones come first: whoever removes
        # a row to be linked is waited for with nothing in hand that they may wait for.
        for change in changes:
            if excludes_links(change.added.relation):
                await self._delete(change.added.relation, change.surplus)
        for change in changes:
            await self._insert(change.added, change.pairs)
        for change in changes:
            if not excludes_links(change.added.relation):
                await self._delete(change.added.relation, change.surplus)

    async def remove(self, table: Table, row: Row, links: LinkSet) -> None:
        """Take away the links from a row to others, where there are any."""
        owner = table.values_of(row, links.relation.local)
        await self._delete(links.relation, [(*owner, *end) for end in _ends_of(links)])

    async def tie(
        self, relation: Relation, owners: Pairs, plan: CreatePlan, rows: Sequence[Row]
    ) -> None:
        """Link new rows, each to the one with its owner's values.

        Args:
            relation: The relation that leads to the new rows.
            owners: The values of the owners.
            plan: What was to be stored.
            rows: The new rows as they are read.

        Raises:
            Rejection: A constraint fired.
        """
        columns = [column for column, _ in relation.link_target]
        ends = [plan.table.values_of(row, columns) for row in rows]
        pairs = [(*owner, *end) for owner, end in zip(owners, ends, strict=True)]
        keys = [plan.table.values_of(row, plan.table.key_columns) for row in rows]
        places = [row.pointer for row in plan.rows]
        links = LinkSet(relation, plan.table, tuple(keys), tuple(places), are_new=True)
        await self._insert(links, pairs)

    async def _insert(self, links: LinkSet, pairs: Pairs) -> None:
        """Make links, of which each pair is that of one key."""
        statement = self._statements.of(_shape_of(links.relation))
        parts = [(links, pairs)] if pairs else []
        if self._singly:
            parts = [(links.pick([i]), [pair]) for i, pair in enumerate(pairs)]
        for part, rows in parts:
            try:
                await self._lane.fetch(statement, {ROWS: rows})
            except ConstraintViolation as violation:
                raise Rejection(violation, part) from violation

    async def _delete(self, relation: Relation, pairs: Pairs) -> None:
        if not pairs:
            return
        shape = _shape_of(relation)
        removal = DeleteShape(shape.table, shape.columns)
        await self._lane.fetch(self._statements.of(removal), {ROWS: pairs})

    async def _compare(self, table: Table, row: Row, links: LinkSet) -> _Change:
        owner = table.values_of(row, links.relation.local)
        known, ends = await self._find_linked(links.relation, owner), _ends_of(links)
        added = [i for i, end in enumerate(ends) if end not in known]
        surplus = [(*owner, *end) for end in known.difference(ends)]
        return _Change(links.pick(added), [(*owner, *ends[i]) for i in added], surplus)

    async def _find_linked(self, relation: Relation, owner: tuple[Any, ...]) -> set[Row]:
        shape = _shape_of(relation)
        find = FindShape(shape.table, shape.columns[len(owner) :], relation.remote)
        found = await self._lane.fetch(self._statements.of(find), {ROWS: [owner]})
        return {tuple(row) for row in found}


def _ends_of(links: LinkSet) -> list[Row]:
    """The values by which the link table refers to the rows of a set, in their order."""
    key = [field.column for field in links.target.key]
    positions = [key.index(column) for column, _ in links.relation.link_target]
    return [tuple(values[i] for i in positions) for values in links.keys]


def _shape_of(relation: Relation) -> LinkShape:
    """The links of a relation: the columns that refer to its owner, then those to its target."""
    columns = relation.link_columns
    return LinkShape(columns[0].table, columns)
