"""Reading of included rows, within the limit of a response."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple
from urllib.parse import quote

from ..catalog.tables import Catalog
from ..encode.tree import Branch, owner_positions, split_joined
from ..errors import TooManyIncluded, Violation
from ..execute.connect.lane import Lane, Row
from ..plan.keys import quote_key
from ..shape.parts import Include
from ..shape.reads import ChildrenShape, SelectShape
from ..statement.lists import ROWS
from ..statement.statements import Statements

Owner = tuple[Any, ...]
"""Values by which a row is tied to the rows that it includes."""


class _Parents(NamedTuple):
    """Rows that include other rows.

    Args:
        shape: The shape of their read.
        rows: The rows.
        shown: How often each is shown in the response; once, if None.
    """

    shape: SelectShape
    rows: Sequence[Row]
    shown: Sequence[int] | None = None


class _Count:
    """Number of rows that a response includes."""

    def __init__(self) -> None:
        self.rows = 0


class IncludeReader:
    """Reader of included rows, with at most one statement for each include.

    The number of statements does not depend on the number of rows, and is lower if a join has
    brought the included rows along. Rows count as often as they are shown, which may be far more
    often than they are read: each player of a team may show the team, and that its players. So they
    are counted before they are encoded.

    Args:
        statements: The statements of the application, which read one row more of an include than a
            response may have.
        catalog: The resources, and the maximum number of included rows.
    """

    def __init__(self, statements: Statements, catalog: Catalog) -> None:
        self._statements = statements
        self._catalog = catalog

    async def read(
        self, lane: Lane, shape: SelectShape, rows: Sequence[Row], includes: Sequence[Include]
    ) -> list[Branch]:
        """Read the includes of rows.

        Args:
            lane: The lane on which the rows were read.
            shape: The shape of their read.
            rows: The rows.
            includes: The includes.

        Returns:
            A branch for each include.

        Raises:
            TooManyIncluded: There are more rows than one response may include.
        """
        if not includes:
            return []
        branches, _ = await self.read_counted(lane, shape, rows, includes)
        return branches

    async def read_counted(
        self, lane: Lane, shape: SelectShape, rows: Sequence[Row], includes: Sequence[Include]
    ) -> tuple[list[Branch], int]:
        """Read the includes of rows, as `read` does, with the number of included rows as shown."""
        count = _Count()
        return await self._read(lane, _Parents(shape, rows), includes, count), count.rows

    def take_joined(
        self, shape: SelectShape, rows: Sequence[Row], includes: Sequence[Include]
    ) -> list[Branch]:
        """Return the includes of a row, all of which a join has brought along.

        Raises:
            TooManyIncluded: There are more rows than one response may include.
        """
        parents, count, branches = _Parents(shape, rows), _Count(), []
        for include in includes:
            related = split_joined(shape, rows, include)
            self._add(count, len(related), parents, include)
            branches.append(Branch(include, (), related))
        return branches

    def _add(self, count: _Count, rows: int, parents: _Parents, include: Include) -> None:
        count.rows += rows
        if count.rows > self._catalog.limits.max_included:
            raise self._refuse(parents, include)

    async def _read(
        self, lane: Lane, parents: _Parents, includes: Sequence[Include], count: _Count
    ) -> list[Branch]:
        branches = []
        for include in includes:
            owners: Sequence[Owner] = ()
            related: Sequence[Row]
            if include in parents.shape.joined:
                related = split_joined(parents.shape, parents.rows, include)
                shown = _repeat(parents, len(related))
            else:
                owners, related, shown = await self._read_related(lane, parents, include)
            self._add(count, max(len(related), sum(shown or ())), parents, include)
            below: Sequence[Branch] = ()
            if include.includes:
                within = _Parents(SelectShape(include.target), related, shown)
                below = await self._read(lane, within, include.includes, count)
            branches.append(Branch(include, owners, related, below))
        return branches

    async def _read_related(
        self, lane: Lane, parents: _Parents, include: Include
    ) -> tuple[Sequence[Owner], Sequence[Row], Sequence[int] | None]:
        """Read the rows of one include, the values of their owners, and how often each is shown."""
        relation, target = include.relation, include.target
        positions = owner_positions(parents.shape.table, parents.shape.read, include)
        given = [tuple(row[i] for i in positions) for row in parents.rows]
        known = [owner for owner in dict.fromkeys(given) if None not in owner]
        if not known:
            return (), (), None
        related = ChildrenShape(parents.shape.table, relation, target)
        found = await lane.fetch(self._statements.of(related), {ROWS: known})
        owners: list[Owner]
        if related.placed:
            owners, width = [known[row[0]] for row in found], 1
        else:
            values = (map(itemgetter(i), found) for i in related.owner_positions)
            owners, width = [*zip(*values, strict=True)], len(related.before)
        rows = [row[width:] for row in found] if width else found
        if len(given) == 1:
            return owners, rows, _repeat(parents, len(rows))
        if parents.shown is None and len(known) == len(given):
            return owners, rows, None
        times = _count_each(given, parents.shown)
        return owners, rows, [times[owner] for owner in owners]

    def _refuse(self, parents: _Parents, include: Include) -> TooManyIncluded:
        """Return the error for too many rows, which says where to read them instead."""
        limit, name = self._catalog.limits.max_included, include.relation.name
        path = self._path_of(parents, include)
        advice = "ask for fewer rows"
        if path is not None:
            advice = f"read `{name}` page by page at {path}, and leave it out of `include`"
        message = f"would include more than {limit} rows; {advice}"
        violation = Violation(message, TooManyIncluded.code, parameter="include")
        return TooManyIncluded(f"The answer {message}", [violation])

    def _path_of(self, parents: _Parents, include: Include) -> str | None:
        """Return the path of the list of an include's rows below one row, if there is one."""
        table, name = parents.shape.table, include.relation.name
        if name not in table.children or "read" not in table.resource.operations:
            return None
        key = ",".join(f"{{{field.name}}}" for field in table.key)
        if len(parents.rows) == 1 and all(field.readable for field in table.key):
            positions, (row,) = parents.shape.read.positions, parents.rows
            key = quote_key([row[positions[field]] for field in table.key], table.key)
        return f"{self._catalog.prefix}{table.path}/{key}/{quote(name)}/"


def _repeat(parents: _Parents, count: int) -> Sequence[int] | None:
    """Return how often the rows of a single parent are shown: as often as the parent."""
    return None if parents.shown is None else [parents.shown[0]] * count


def _count_each(owners: Sequence[Owner], shown: Sequence[int] | None) -> Counter[Owner]:
    """Return how often the rows of each owner are shown."""
    if shown is None:
        return Counter(owners)
    times: Counter[Owner] = Counter()
    for owner, count in zip(owners, shown, strict=True):
        times[owner] += count
    return times
