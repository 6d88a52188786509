"""Insertion of new rows, with the related rows that are stored with them."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Column

from ...catalog.field import Field
from ...catalog.names import escape_pointer
from ...catalog.relation import Relation
from ...catalog.tables import Table
from ...errors import ConstraintViolation, InvalidRequest, NotFound
from ...plan.parent import Parent
from ...plan.writing.create_plan import (
    ChildPlan,
    CreatePlan,
    group_rows,
    join_plans,
    refuse_other_parent,
    refuse_unnamed_parent,
)
from ...plan.writing.new_rows import NewRow
from ...shape.lookups import LookupShape
from ...shape.writes import InsertShape
from ...statement.column_defaults import value_name
from ...statement.lists import ROWS
from ..connect.lane import Row
from ..rejection import Rejection, check_all_written
from .context import WriteContext, Written
from .link import Linker
from .permission import check_parents, check_tied, check_written, refuse


class Inserter(Struct, frozen=True):
    """Writer of new rows.

    Args:
        context: The context of the write.
    """

    context: WriteContext

    async def create(self, plan: CreatePlan) -> Written:
        """Store rows, if the caller may see the rows that they refer to.

        Raises:
            ParentNotFound: A row that they refer to is missing.
            Rejection: A constraint fired.
        """
        if self.context.catalog.hides_any_rows:
            await check_parents(self.context, plan)
        return Written(plan, await self.store(plan))

    def store(self, plan: CreatePlan) -> Awaitable[list[Row]]:
        """Store rows: first their nested parents, then the rows, then their nested children.

        Args:
            plan: The rows.

        Returns:
            The rows as stored, in order.

        Raises:
            Rejection: A constraint fired.
        """
        return self._store_with_kin(plan) if plan.kin else self._insert(plan)

    async def _store_with_kin(self, plan: CreatePlan) -> list[Row]:
        plan = await self._store_parents(plan)
        is_early = not plan.table.policy.create.looks_further
        stored = await self._insert(plan, checks=is_early)
        await self._store_children(plan, stored)
        for row, kin in zip(stored, plan.kin, strict=True):
            for links in kin.links:
                await Linker(self.context).add(plan.table, row, links)
        if not is_early:
            # The policy may require related rows, which are stored only now.
            await check_written(self.context, plan.table, "create", plan.rows, stored)
        return stored

    async def store_child(self, child: ChildPlan) -> Row:
        """Store a row below an existing one, to which it refers.

        Raises:
            NotFound: The existing row was not found.
            InvalidRequest: The new row names another parent.
            Rejection: A constraint fired.
        """
        owner = await self._find_owner(child.parent)
        await check_parents(self.context, child.plan)
        (stored,) = await self._store_below(child.parent.relation, [owner], child.plan)
        return stored

    async def _find_owner(self, parent: Parent) -> Row:
        """Find and lock the owner of a new row; return its referenced values.

        Raises:
            NotFound: The owner does not exist for the caller.
        """
        for values in await self.context.run(parent.owner, {ROWS: [parent.key]}):
            return values
        raise NotFound(f"{parent.table.title} not found")

    async def _store_parents(self, plan: CreatePlan) -> CreatePlan:
        """Store the nested parents of rows; return the plan of the rows, tied to them."""
        rows = list(plan.rows)
        for relation, found in _by_relation([kin.parents for kin in plan.kin]):
            parents = join_plans([parent for _, parent in found])
            fields = [plan.table.by_column[column.name] for column in relation.local]
            stored = await self.store(parents)
            for (index, _), row in zip(found, stored, strict=True):
                values = parents.table.values_of(row, relation.remote)
                _check_named(rows[index], values)
                await self._check_assigned(plan.table, rows[index], fields, relation.remote, values)
                rows[index] = rows[index].leave_out(fields).tie(fields, values)
            tied = [rows[index] for index, _ in found]
            await check_tied(self.context, plan.table, tied, fields)
        return CreatePlan(plan.table, tuple(rows), plan.kin)

    async def _store_children(self, plan: CreatePlan, stored: Sequence[Row]) -> None:
        for relation, found in _by_relation([kin.children for kin in plan.kin]):
            owners = [
                plan.table.values_of(stored[index], relation.local)
                for index, children in found
                for _ in children.rows
            ]
            children = join_plans([children for _, children in found])
            await self._store_below(relation, owners, children)

    async def _store_below(
        self, relation: Relation, owners: Sequence[Row], plan: CreatePlan
    ) -> list[Row]:
        """Store the children of a relation, each tied to the values of its owner."""
        if relation.link is not None:
            stored = await self.store(plan)
            await Linker(self.context).tie(relation, owners, plan, stored)
            return stored
        fields = [plan.table.by_column[column.name] for column in relation.remote]
        pairs = [*zip(plan.rows, owners, strict=True)]
        for row, owner in pairs:
            _check_named(row, owner)
            await self._check_claims(relation, row, owner)
            await self._check_assigned(plan.table, row, fields, relation.local, owner)
        rows = tuple(row.leave_out(fields).tie(fields, owner) for row, owner in pairs)
        await check_tied(self.context, plan.table, rows, fields)
        return await self.store(CreatePlan(plan.table, rows, plan.kin))

    async def _check_claims(self, relation: Relation, row: NewRow, owner: Row) -> None:
        """Compare the parent that a row names with the one that it is tied to.

        Args:
            relation: The relation that leads to the row.
            row: The row.
            owner: The values of the parent that it refers to.

        Raises:
            InvalidRequest: It names another parent. The database decides which values are equal.
        """
        for field, claim in row.claims.items():
            index = [column.name for column in relation.remote].index(field.column.name)
            if not await self._is_same(relation.local, owner, index, claim):
                place = f"{row.pointer}/{escape_pointer(field.name)}"
                raise InvalidRequest(refuse_other_parent(place))

    async def _check_assigned(
        self,
        table: Table,
        row: NewRow,
        fields: Sequence[Field],
        columns: Sequence[Column[Any]],
        values: Row,
    ) -> None:
        """Compare the values that the server assigns to a row with the row that it is tied to.

        Args:
            table: The row's table.
            row: The row.
            fields: The fields that tie it.
            columns: The columns that they refer to.
            values: The values of these columns in the other row.

        Raises:
            Forbidden: The assigned values refer to another row.
        """
        for field, value in row.items():
            if field not in fields:
                continue
            if not await self._is_same(columns, values, fields.index(field), value):
                raise refuse(table, "create", row)

    async def _is_same(
        self, columns: Sequence[Column[Any]], values: Row, index: int, claim: Any
    ) -> bool:
        """Whether a row has a value in a given column, as the database compares."""
        if claim == values[index]:
            return True
        shape = LookupShape(columns[0].table, tuple(columns), (*columns, columns[index]))
        return bool(await self.context.run(shape, {ROWS: [(*values, claim)]}))

    async def _insert(self, plan: CreatePlan, *, checks: bool = True) -> list[Row]:
        """Store the rows of a plan, and run their hooks; check them now or later."""
        table, context, hooks = plan.table, self.context, self.context.hooks
        rows = plan.rows if hooks is None else await hooks.before_create(plan)
        allows = table.policy.create.constant
        if allows is False:
            raise refuse(table, "create", rows[0])
        stored: list[Row] = []
        for found, group in group_rows(table, rows, together=not context.one_by_one):
            shape = found if checks else replace(found, checks=False)
            written: list[Row] = []
            if shape.many:
                written += await self._run(shape, {ROWS: [row.values for row in group]}, group)
            else:
                for row in group:
                    written += await self._run(shape, bind_row(row), (row,))
            if checks and not (allows or shape.checks):
                await check_written(context, table, "create", group, written)
            stored += written
        if hooks is not None:
            hooks.created(plan, stored)
        return stored

    async def _run(
        self, shape: InsertShape, values: Mapping[str, Any], rows: Sequence[NewRow]
    ) -> Sequence[Row]:
        try:
            stored = await self.context.run(shape, values)
            if shape.checks and not stored:
                raise refuse(shape.table, "create", rows[0])
            check_all_written(stored, len(rows))
        except ConstraintViolation as violation:
            raise Rejection(violation, CreatePlan(shape.table, tuple(rows))) from violation
        return stored


def _check_named(row: NewRow, values: Row) -> None:
    """Check that a row can refer to a row that is stored with it, or that it stands below.

    Raises:
        InvalidRequest: That row has null in a referenced column, as a unique column may.
    """
    if any(value is None for value in values):  # `in` looks for names in rows of asyncpg
        raise InvalidRequest(refuse_unnamed_parent(row.pointer))


def bind_row(row: NewRow) -> dict[str, Any]:
    """Return the parameters of one row to write."""
    return dict(zip(map(value_name, row.fields), row.values, strict=True))


def _by_relation(
    groups: Sequence[Mapping[Relation, CreatePlan]],
) -> Iterator[tuple[Relation, list[tuple[int, CreatePlan]]]]:
    """Yield the plans of each relation, each with the index of its row."""
    relations = dict.fromkeys(relation for group in groups for relation in group)
    for relation in relations:
        yield (
            relation,
            [(i, group[relation]) for i, group in enumerate(groups) if relation in group],
        )
