"""Reads what rows include."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from ..encode import Branch, owner_positions, split_joined
from ..execute import Lane, Row
from ..plan import Include
from ..plan.shapes import RelatedShape, SelectShape
from ..statement import ROWS, Statements

Owners = Sequence[tuple[Any, ...]]
"""The values by which rows are tied to those that include them."""


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
        branches = []
        for include in includes:
            owners: Owners = ()
            related: Sequence[Row]
            if include in shape.joined:
                related = split_joined(shape, rows, include)
            else:
                owners, related = await self._read_related(lane, shape, rows, include)
            below: Sequence[Branch] = ()
            if include.includes:
                within = SelectShape(include.target)
                below = await self.read(lane, within, related, include.includes)
            branches.append(Branch(include, owners, related, below))
        return branches

    async def _read_related(
        self, lane: Lane, shape: SelectShape, rows: Sequence[Row], include: Include
    ) -> tuple[Owners, Sequence[Row]]:
        """Read the rows of one include, and the values that lead to each."""
        relation, target = include.relation, include.target
        positions = owner_positions(shape.table, shape.read, include)
        given = dict.fromkeys(tuple(row[i] for i in positions) for row in rows)
        known = [owner for owner in given if None not in owner]
        if not known:
            return (), ()
        related = RelatedShape(shape.table, relation, target)
        found = await lane.fetch(self._statements.of(related), {ROWS: known})
        owners = [*zip(*(map(itemgetter(i), found) for i in related.owner_positions), strict=True)]
        width = len(related.before)
        return owners, [row[width:] for row in found] if width else found
