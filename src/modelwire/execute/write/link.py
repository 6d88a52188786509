"""Writes of many-to-many links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Column

from ...catalog.constraints import Reference, read_references
from ...catalog.relation import Relation
from ...catalog.tables import Table
from ...errors import Constraint, ConstraintViolation, ParentNotFound, Violation
from ...plan.writing.create_plan import CreatePlan
from ...plan.writing.links import LinkSet
from ...plan.writing.new_rows import NewRow, assign_to
from ...shape.lookups import LookupShape
from ...shape.parts import Lock
from ...shape.writes import CheckShape, DeleteShape, LinkShape, UnlinkShape
from ...statement.lists import ROWS
from ..connect.lane import Row
from ..finder import Finder
from ..rejection import Rejection
from .context import WriteContext
from .permission import check_linked, refuse

Columns = tuple[Column[Any], ...]

Pairs = Sequence[Row]
"""Rows of values; for a link table the values of both ends."""


class Linker:
    """Writer of links.

    Args:
        context: The context of the write.
    """

    def __init__(self, context: WriteContext) -> None:
        self._context = context

    async def find(self, links: LinkSet) -> tuple[LinkSet, list[str | None]]:
        """Find and lock the target rows of a set of links.

        Args:
            links: The links.

        Returns:
            The links by the stored keys, without duplicates, and the pointers to those whose target
            was not found. Different keys may be equal to the database.
        """
        target, key = links.target, links.target.key_columns
        shape = LookupShape(target.sql, key, key, Lock.KEEP, placed=True, resource=target)
        rows = await self._fetch(shape, links.keys)
        found = {place: tuple(stored) for place, *stored in rows}
        missing = [p for i, p in enumerate(links.pointers) if i not in found]
        first: dict[Row, int] = {}
        for place in sorted(found):
            first.setdefault(found[place], place)
        pointers = tuple(links.pointers[place] for place in first.values())
        return replace(links, keys=tuple(first), pointers=pointers), missing

    async def add(self, table: Table, row: Row, links: LinkSet) -> None:
        """Link a row to others; existing links stay.

        Args:
            table: Its resource.
            row: The row as read.
            links: The links to the other rows.

        Raises:
            ParentNotFound: A target row does not exist.
            Rejection: A constraint of the link table fired.
        """
        await self.link(table, row, await self._find_all(links))

    async def link(self, table: Table, row: Row, links: LinkSet) -> None:
        """Link a row to others that were found before; existing links stay.

        Raises:
            Rejection: A constraint of the link table fired.
        """
        await self._insert_pairs(links, _pairs_of(table, row, links))

    async def replace(self, table: Table, wanted: Sequence[tuple[Row, LinkSet]]) -> None:
        """Replace the links of rows.

        The rows must be locked, so that the links that two requests set do not mix.

        Args:
            table: Their resource.
            wanted: The rows as read, each with its new links.

        Raises:
            ParentNotFound: A target row does not exist.
            Rejection: A constraint of the link table fired.
        """
        found = [(row, await self._find_all(links)) for row, links in wanted]
        # Exclusive links are deleted before new ones are made. Other links are made first, so that
        # this transaction holds no locks while it waits for one that deletes a target row.
        for row, links in found:
            if links.relation.excludes:
                await self._delete_others(table, row, links)
        for row, links in found:
            await self.link(table, row, links)
        for row, links in found:
            if not links.relation.excludes:
                await self._delete_others(table, row, links)

    async def change(self, table: Table, row: Row, links: LinkSet, *, removes: bool) -> None:
        """Add or remove links to rows that were found, and check the result.

        Raises:
            Forbidden: The caller may not leave the row or its links as they would become.
            Rejection: A constraint of the link table fired.
        """
        await (self.remove if removes else self.link)(table, row, links)
        await check_linked(self._context, table, (), [row])

    async def remove(self, table: Table, row: Row, links: LinkSet) -> None:
        """Delete the links from a row to others, where they exist.

        Raises:
            Forbidden: The links are rows of a resource, and the caller may not delete one of them.
        """
        shape, pairs = _shape_of(links.relation), _pairs_of(table, row, links)
        seen = (links.relation, links.target)
        await self._fetch(DeleteShape(shape.table, shape.columns, seen=seen), pairs)
        await self._check_gone(links, shape.columns, pairs)

    async def tie(
        self, relation: Relation, owners: Pairs, plan: CreatePlan, rows: Sequence[Row]
    ) -> None:
        """Link new rows, each to the values of its owner.

        Args:
            relation: The relation that leads to the new rows.
            owners: The values of the owners.
            plan: The plan of the new rows.
            rows: The new rows as read.

        Raises:
            Rejection: A constraint fired.
        """
        columns = [column for column, _ in relation.link_target]
        ends = [plan.table.values_of(row, columns) for row in rows]
        pairs = [(*owner, *end) for owner, end in zip(owners, ends, strict=True)]
        keys = [plan.table.values_of(row, plan.table.key_columns) for row in rows]
        places = [row.pointer for row in plan.rows]
        links = LinkSet(relation, plan.table, tuple(keys), tuple(places), are_new=True)
        await self._insert_pairs(links, pairs)

    async def _find_all(self, links: LinkSet) -> LinkSet:
        found, missing = await self.find(links) if links.keys else (links, [])
        if missing:
            detail = f"{links.target.title} not found"
            faults = [Violation(detail, ParentNotFound.code, place) for place in missing]
            raise ParentNotFound(detail, faults)
        return found

    async def _insert_pairs(self, links: LinkSet, pairs: Pairs) -> None:
        """Make the links that do not exist yet, one pair of values for each key."""
        parts = [(links, pairs)] if pairs else []
        if self._context.one_by_one:
            parts = [(links.pick([i]), [pair]) for i, pair in enumerate(pairs)]
        shape = _shape_of(links.relation)
        resource = self._context.catalog.find(shape.table)
        for part, ends in parts:
            rows = [self._assign(resource) for _ in ends]
            fields = tuple(f for f in rows[0].fields if f.column not in shape.columns)
            try:
                made = await self._fetch(
                    replace(shape, assigned=fields),
                    [(*end, *row.keep(fields).values) for end, row in zip(ends, rows, strict=True)],
                )
            except ConstraintViolation as violation:
                raise Rejection(violation, part) from violation
            await self._check_beside(part, shape, made)
            if resource is not None:
                made = [*made, *await self._find_unseen(resource, shape, ends)]
            if resource is not None and made:
                await self._check_ends(resource, shape, [*zip(ends, rows, strict=True)], made)
                await self._check_made(resource, shape, made)

    async def _check_beside(self, links: LinkSet, shape: LinkShape, made: Pairs) -> None:
        """Check that the caller may see the other rows that new links refer to, besides both ends.

        A row that may not be seen counts as missing.

        Raises:
            Rejection: One of them is missing.
        """
        relation, catalog = links.relation, self._context.catalog
        if not made or not catalog.hides_any_rows:
            return
        seen = Finder(self._context.lane, self._context.statements, seen=catalog)
        ends = (relation.remote, tuple(column for _, column in relation.link_target))
        for reference in read_references([shape.table]):
            if reference.columns in ends or not catalog.hides_rows(reference.parent):
                continue
            found = await self._fetch(
                LookupShape(shape.table, reference.columns, shape.columns), made
            )
            keys = [key for key in dict.fromkeys(map(tuple, found)) if None not in key]
            missing = await seen.find_missing(reference.parent, reference.parent_columns, keys)
            if missing is not None:
                raise Rejection(self._say_missing(reference), links)

    def _say_missing(self, reference: Reference) -> ConstraintViolation:
        """Return the violation that the database would report for a missing parent."""
        is_named = self._context.statements.dialect.names_foreign_keys
        name = reference.name or "" if is_named else None
        return ConstraintViolation(Constraint.FOREIGN_KEY, constraint=name)

    async def _find_unseen(self, resource: Table, shape: LinkShape, ends: Pairs) -> Pairs:
        """Find existing links that the caller can't see, if their ends decide on creating them.

        They are refused like links that do not exist.
        """
        policy = resource.policy
        is_said = policy.create.columns <= {column.key for column in shape.columns}
        if policy.read.constant or not is_said:
            return ()
        seen = LookupShape(shape.table, shape.columns, shape.columns, None, True, resource)
        places = {place for place, *_ in await self._fetch(seen, ends)}
        return [end for place, end in enumerate(ends) if place not in places]

    def _assign(self, resource: Table | None) -> NewRow:
        """Return the fields that the server assigns to a link, where links are a resource."""
        row = NewRow((), ())
        if resource is None:
            return row
        return assign_to(row, resource, resource.policy.on_create, self._context.caller)

    async def _check_ends(
        self, resource: Table, shape: LinkShape, links: Sequence[tuple[Row, NewRow]], made: Pairs
    ) -> None:
        """Check that links match the ends that the server assigns.

        Raises:
            Forbidden: A link would have to lead elsewhere.
        """
        ends = [field for field in links[0][1].fields if field.column in shape.columns]
        if ends:
            columns = (*shape.columns, *(field.column for field in ends))
            set_so = [(*pair, *row.keep(ends).values) for pair, row in links]
            found = await self._fetch(LookupShape(shape.table, shape.columns, columns), set_so)
            if {*map(tuple, made)}.difference(map(tuple, found)):
                raise refuse(resource, "create")

    async def _check_made(self, resource: Table, shape: LinkShape, made: Pairs) -> None:
        """Check that the caller may create links that are rows of a resource.

        Raises:
            Forbidden: The caller may not create one of them.
        """
        if resource.policy.create.constant:
            return
        found = await self._fetch(
            LookupShape(shape.table, resource.key_columns, shape.columns), made
        )
        if await self._context.run(CheckShape(resource, ("create",)), {ROWS: found}):
            raise refuse(resource, "create")

    async def _delete_others(self, table: Table, row: Row, links: LinkSet) -> None:
        """Delete the links of a row that are not in a set."""
        relation, shape = links.relation, _shape_of(links.relation)
        seen = (relation, links.target)
        wanted, owner = _pairs_of(table, row, links), [table.values_of(row, relation.local)]
        if links.keys:
            others = UnlinkShape(shape.table, shape.columns, len(relation.remote), seen)
            await self._fetch(others, wanted)
        else:
            await self._fetch(DeleteShape(shape.table, relation.remote, seen=seen), owner)
        await self._check_gone(links, relation.remote, owner, wanted)

    async def _check_gone(
        self, links: LinkSet, columns: Columns, values: Pairs, wanted: Pairs = ()
    ) -> None:
        """Check that no visible link is left, where links are rows of a resource.

        Args:
            links: The relation and target of the links.
            columns: Columns of the link table.
            values: Their values in the deleted links.
            wanted: The links to keep.

        Raises:
            Forbidden: The caller may not delete one of them.
        """
        shape = _shape_of(links.relation)
        resource = self._context.catalog.find(shape.table)
        if resource is None or not resource.policy.restricts("delete"):
            return
        left = LookupShape(shape.table, shape.columns, columns, resource=resource)
        kept = {tuple(pair) for pair in await self._fetch(left, values)}.difference(wanted)
        if kept and await self._sees(links, kept):
            raise refuse(resource, "delete")

    async def _sees(self, links: LinkSet, pairs: Iterable[Row]) -> bool:
        """Whether the caller may read the other end of one of some links."""
        relation, target = links.relation, links.target
        ends = tuple(column for column, _ in relation.link_target)
        shape = LookupShape(target.sql, target.key_columns, ends, resource=target)
        found = await self._fetch(shape, [pair[len(relation.remote) :] for pair in pairs])
        return bool(found)

    async def _fetch(
        self, shape: LinkShape | UnlinkShape | DeleteShape | LookupShape, rows: Pairs
    ) -> Sequence[Row]:
        return await self._context.run(shape, {ROWS: rows})


def _pairs_of(table: Table, row: Row, links: LinkSet) -> list[tuple[Any, ...]]:
    """Return the values of a row's links in the link table, in order."""
    owner = table.values_of(row, links.relation.local)
    key = [field.column for field in links.target.key]
    positions = [key.index(column) for column, _ in links.relation.link_target]
    return [(*owner, *(values[i] for i in positions)) for values in links.keys]


def _shape_of(relation: Relation) -> LinkShape:
    """Return the shape of a relation's links: the columns of its owner, then of its target."""
    columns = relation.link_columns
    return LinkShape(columns[0].table, columns)
