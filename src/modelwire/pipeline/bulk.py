"""The requests that change many rows, each on one screen."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog import Table
from ..encode import encoder_of
from ..errors import Changed, PreconditionRequired, TooManyAffected
from ..execute import Inserter, Lane, Remover, Row, Updater
from ..plan import (
    DeletePlan,
    Include,
    MassPlan,
    plan_bulk_create,
    plan_bulk_delete,
    plan_bulk_update,
    plan_change,
    plan_includes,
    plan_mass,
    refuse_parameters,
    repeat_change,
)
from ..plan.rows import Row as NewRow
from ..plan.shapes import SelectShape
from ..request import Request, parse_max_affected
from ..respond import Answer, answer_affected, answer_deleted, answer_rows
from .stages import Session, parse_body, wants_minimal
from .transactions import Transactions


class Bulk(Transactions):
    """Answers the requests that change many rows."""

    async def bulk_create(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`POST /users/bulk/`"""
        includes = plan_includes(self.catalog, table, self.parse_query(request))
        plan = plan_bulk_create(self.catalog, table, parse_body(request), self.database.dialect)

        async def work(lane: Lane, singly: bool) -> Answer:
            rows = await Inserter(lane, self.statements, singly=singly).store(plan)
            return await self._answer_rows(lane, table, request, rows, includes, 201)

        return await self.write(plan, session, work, single=plan.is_single and not includes)

    async def bulk_update(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`PATCH /users/bulk/`"""
        includes = plan_includes(self.catalog, table, self.parse_query(request))
        _refuse_conditions(table, request)
        plan = plan_bulk_update(self.catalog, table, parse_body(request), self.database.dialect)

        async def work(lane: Lane, singly: bool) -> Answer:
            rows = await Updater(lane, self.statements, singly=singly).change(plan)
            return await self._answer_rows(lane, table, request, rows, includes, 200)

        return await self.write(plan, session, work)

    async def bulk_delete(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`DELETE /users/bulk/`"""
        refuse_parameters(self.parse_query(request))
        _refuse_conditions(table, request)
        plan = plan_bulk_delete(table, parse_body(request))

        async def work(lane: Lane, singly: bool) -> Answer:
            await self._remove(lane, plan, singly=singly)
            return answer_deleted()

        return await self.write(plan, session, work)

    async def mass_update(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`PATCH /users/?…`"""
        plan, limit = self._plan_mass(table, request)
        change = plan_change(self.catalog, table, parse_body(request), self.database.dialect)

        async def work(lane: Lane, _singly: bool) -> Answer:
            affected = await self._find_affected(lane, plan, limit)
            if affected.keys and change.rows[0].fields:
                await Updater(lane, self.statements).change(repeat_change(change, affected.keys))
            count = len(affected.keys) if change.rows[0].fields else 0
            return answer_affected(count, limit, minimal=wants_minimal(request))

        return await self.write(change, session, work)

    async def mass_delete(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`DELETE /users/?…`"""
        plan, limit = self._plan_mass(table, request)

        async def work(lane: Lane, _singly: bool) -> Answer:
            affected = await self._find_affected(lane, plan, limit)
            if affected.keys:
                await self._remove(lane, affected)
            return answer_affected(len(affected.keys), limit, minimal=wants_minimal(request))

        return await self.write(DeletePlan(table, (), ()), session, work)

    def _plan_mass(self, table: Table, request: Request) -> tuple[MassPlan, int]:
        """Plan which rows are affected, and read how many the client allows.

        Raises:
            PreconditionRequired: It does not say which, or how many.
        """
        plan = plan_mass(self.catalog, table, self.parse_query(request))
        _refuse_conditions(table, request)
        limit = parse_max_affected(request.header(b"prefer"))
        if not plan.shape.conditions:
            raise PreconditionRequired("Say by a filter which rows are meant")
        if limit is None:
            raise PreconditionRequired(
                "Say by Prefer: max-affected=N how many rows may be affected at most"
            )
        return plan, limit

    async def _find_affected(self, lane: Lane, plan: MassPlan, limit: int) -> DeletePlan:
        """Lock the rows that match, if they are not too many."""
        table, shape = plan.table, plan.shape
        found = await lane.fetch(self.statements.of(shape), {**plan.values, "limit": limit + 1})
        if len(found) > limit:
            ((count,),) = await lane.fetch(self.statements.of(plan.count), plan.values)
            raise TooManyAffected(
                f"{max(count, limit + 1)} rows match, and at most {limit} may be affected"
            )
        keys = tuple(table.values_of(row, table.key_columns) for row in found)
        return DeletePlan(table, keys, (NewRow((), ()),) * len(keys), many=True)

    async def _remove(self, lane: Lane, plan: DeletePlan, *, singly: bool = False) -> None:
        dependents = self.catalog.dependents
        await Remover(lane, self.statements, dependents, singly=singly).remove(plan)

    async def _answer_rows(
        self,
        lane: Lane,
        table: Table,
        request: Request,
        rows: Sequence[Row],
        includes: tuple[Include, ...],
        status: int,
    ) -> Answer:
        branches = await self.includes.read(lane, SelectShape(table), rows, includes)
        body = encoder_of(table, includes).encode_many(rows, branches)
        return answer_rows(body, status=status, minimal=wants_minimal(request))


def _refuse_conditions(table: Table, request: Request) -> None:
    """Refuse what can only be said of one row.

    Raises:
        PreconditionRequired: The resource requires `If-Match`.
        Changed: The request has it; many rows have no tag that it could match.
    """
    if table.resource.require_if_match:
        raise PreconditionRequired("A change must name the ETag of its row: change one at a time")
    if request.header(b"if-match") is not None:
        raise Changed("If-Match can be compared with one row only: change one at a time")
