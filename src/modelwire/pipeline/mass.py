"""The requests that change all rows that match, each on one screen."""

from __future__ import annotations

from ..catalog.tables import Table
from ..errors import PreconditionRequired, TooManyAffected
from ..execute.connect.lane import Lane
from ..execute.write.delete import Remover
from ..plan.writing.delete import DeletePlan
from ..plan.writing.draft import Row as NewRow
from ..plan.writing.mass import MassPlan, plan_mass
from ..plan.writing.update import plan_change, repeat_change
from ..request.headers import parse_max_affected
from ..request.request import Request
from ..respond.answer import Answer, answer_affected
from ..shape.parts import Lock
from .stages import Session, parse_body, refuse_conditions, wants_minimal
from .transactions import Transactions


class Mass(Transactions):
    """Answers the requests that change all rows that match some filters."""

    async def mass_update(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`PATCH /users/?…`"""
        plan, limit = self._plan_mass(table, request, Lock.CHANGE)
        change = plan_change(self.catalog, table, parse_body(request), self.database.dialect)
        written = change

        async def work(lane: Lane, _singly: bool) -> Answer:
            nonlocal written
            affected = await self._find_affected(lane, plan, limit)
            written = repeat_change(change, affected.keys)
            if written.keys and (change.sets_fields or change.echoes):
                updater = self.updater(lane)
                await updater.change(written)
                written = updater.written or written
            count = len(affected.keys) if change.sets_fields else 0
            return answer_affected(count, limit, minimal=wants_minimal(request))

        return await self.write(change, request, session, work, found=lambda: written)

    async def mass_delete(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`DELETE /users/?…`"""
        plan, limit = self._plan_mass(table, request, Lock.REMOVE)
        removal = written = DeletePlan(table, (), ())

        async def work(lane: Lane, _singly: bool) -> Answer:
            nonlocal written
            written = await self._find_affected(lane, plan, limit)
            if written.keys:
                await Remover(lane, self.statements, self.catalog.dependents).remove(written)
            return answer_affected(len(written.keys), limit, minimal=wants_minimal(request))

        return await self.write(removal, request, session, work, found=lambda: written)

    def _plan_mass(self, table: Table, request: Request, lock: Lock) -> tuple[MassPlan, int]:
        """Plan which rows are affected, and read how many the client allows.

        Raises:
            PreconditionRequired: It does not say which, or how many.
        """
        plan = plan_mass(self.catalog, table, self.parse_query(request), lock)
        refuse_conditions(table, request)
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
        found = await lane.search(self.statements.of(shape), {**plan.values, "limit": limit + 1})
        if len(found) > limit:
            ((count,),) = await lane.search(self.statements.of(plan.count), plan.values)
            raise TooManyAffected(
                f"{max(count, limit + 1)} rows match, and at most {limit} may be affected"
            )
        keys = tuple(table.values_of(row, table.key_columns) for row in found)
        return DeletePlan(table, keys, (NewRow((), ()),) * len(keys), many=True)
