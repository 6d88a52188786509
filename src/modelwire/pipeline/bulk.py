"""The requests that write many rows that they hold or name, each on one screen."""

from __future__ import annotations

from functools import partial

from ..catalog.tables import Field, Table
from ..execute.connect.lane import Lane, Row
from ..execute.write.delete import Remover
from ..execute.write.insert import Inserter
from ..execute.write.upsert import Upserter
from ..plan.writing.create import plan_bulk_create
from ..plan.writing.create_plan import CreatePlan
from ..plan.writing.delete import DeletePlan, plan_bulk_delete
from ..plan.writing.options import BulkOptions, Resolution, choose_resolution, plan_options
from ..plan.writing.update import UpdatePlan, plan_bulk_update
from ..plan.writing.upsert import UpsertPlan, plan_upsert
from ..request.headers import parse_prefer
from ..request.request import Request
from ..respond.answer import Answer
from .rows import Rows, RowWork
from .stages import Session, refuse_conditions


class Bulk(Rows):
    """Answers the requests that write many rows that they hold or name."""

    async def bulk_create(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`POST /users/bulk/`"""
        options = self._plan_options(table, request, "include", "atomic", "on_conflict")
        if options.key is not None:
            return await self._upsert(table, request, session, options, options.key)
        plan = partial(plan_bulk_create, self.catalog, table, dialect=self.database.dialect)

        async def store(lane: Lane, plan: CreatePlan, singly: bool) -> list[Row]:
            return await Inserter(lane, self.statements, singly=singly).store(plan)

        return await self.write_rows(request, session, RowWork(table, options, plan, store, 201))

    async def bulk_update(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`PATCH /users/bulk/`"""
        options = self._plan_options(table, request, "include", "atomic")
        refuse_conditions(table, request)
        plan = partial(plan_bulk_update, self.catalog, table, dialect=self.database.dialect)

        written: UpdatePlan | None = None

        async def change(lane: Lane, plan: UpdatePlan, singly: bool) -> list[Row]:
            nonlocal written
            updater = self.updater(lane, singly=singly)
            rows = await updater.change(plan)
            written = updater.written
            return rows

        work = RowWork(table, options, plan, change, 200, found=lambda: written)
        return await self.write_rows(request, session, work)

    async def bulk_delete(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`DELETE /users/bulk/`"""
        options = self._plan_options(table, request, "atomic")
        refuse_conditions(table, request)
        plan, dependents = partial(plan_bulk_delete, table), self.catalog.dependents

        async def remove(lane: Lane, plan: DeletePlan, singly: bool) -> list[Row]:
            await Remover(lane, self.statements, dependents, singly=singly).remove(plan)
            return []

        work = RowWork(table, options, plan, remove, 204, noun="keys")
        return await self.write_rows(request, session, work)

    async def _upsert(
        self,
        table: Table,
        request: Request,
        session: Session,
        options: BulkOptions,
        key: tuple[Field, ...],
    ) -> Answer:
        """`POST /users/bulk/?on_conflict=…`"""
        resolution = choose_resolution(parse_prefer(request.header(b"prefer")).get("resolution"))
        if resolution is Resolution.MERGE:
            refuse_conditions(table, request)
        plan = partial(plan_upsert, table, self.database.dialect, key, resolution)

        async def store(lane: Lane, plan: UpsertPlan, singly: bool) -> list[Row]:
            return await Upserter(lane, self.statements, singly=singly).store(plan)

        applied = ((b"preference-applied", f"resolution={resolution}".encode()),)
        work = RowWork(table, options, plan, store, 200, applied)
        return await self.write_rows(request, session, work)

    def _plan_options(self, table: Table, request: Request, *known: str) -> BulkOptions:
        return plan_options(self.catalog, table, self.parse_query(request), *known)
