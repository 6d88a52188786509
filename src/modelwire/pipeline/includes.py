"""Reads what rows include."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import itemgetter

from ..encode import Branch, owner_positions, split_joined
from ..execute import Lane, Row
from ..plan import Include
from ..plan.shapes import RelatedShape, SelectShape
from ..statement import ROWS, Statements


class IncludeReader:
    """Reads what rows include: at most one statement for each include.

    However many rows there are, it is no more; and less where the rows brought them along.

    Args:
        statements: The statements of the application.
    """

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def read(
        self, lane: Lane, shape: SelectShape, rows: Sequence[Row], includes: Sequence[Include]
    ) -> list[Branch]:
        """Read what rows include.

        Args:
            lane: Where the rows were read.
            shape: What was read of them.
            rows: The rows.
            includes: What they include.

        Returns:
            A branch for each include.
        """
        return [await self._read_one(lane, shape, rows, include) for include in includes]

    async def _read_one(
        self, lane: Lane, shape: SelectShape, rows: Sequence[Row], include: Include
    ) -> Branch:
        relation, target = include.relation, include.target
        if include in shape.joined:
            joined = [*chain.from_iterable(split_joined(shape, row, include) for row in rows)]
            return Branch(include, (), joined, await self._read_below(lane, include, joined))
        positions = owner_positions(shape.table, shape.read, include)
        given = dict.fromkeys(tuple(row[i] for i in positions) for row in rows)
        known = [owner for owner in given if None not in owner]
        if not known:
            return Branch(include, (), ())
        related = RelatedShape(shape.table, relation, target)
        found = await lane.fetch(self._statements.of(related), {ROWS: known})
        owners = [*zip(*(map(itemgetter(i), found) for i in related.owner_positions), strict=True)]
        width = len(related.before)
        below = [row[width:] for row in found] if width else found
        return Branch(include, owners, below, await self._read_below(lane, include, below))

    async def _read_below(
        self, lane: Lane, include: Include, rows: Sequence[Row]
    ) -> Sequence[Branch]:
        if not include.includes:
            return ()
        return await self.read(lane, SelectShape(include.target), rows, include.includes)
