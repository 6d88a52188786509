"""The writing requests, each on one screen: parse, plan, execute, encode, respond."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from ..catalog import Table
from ..encode import Branch, encoder_of
from ..errors import ConstraintViolation, NotFound
from ..execute import Finder, Lane, Row, delete_rows, explain
from ..plan import (
    CreatePlan,
    UpdatePlan,
    WritePlan,
    plan_bulk_create,
    plan_create,
    plan_delete,
    plan_includes,
    plan_update,
    predicate_values,
    refuse_parameters,
    select_by_key,
    write_key,
)
from ..plan.rows import Row as PlanRow
from ..plan.shapes import SelectShape
from ..request import Request
from ..respond import Answer, answer_created, answer_deleted, answer_rows, answer_updated
from ..statement import ROWS, value_name
from .encoding import encode_row
from .stages import Session, Stages, parse_body, wants_minimal

T = TypeVar("T")


class Writes(Stages):
    """Answers the requests that change rows."""

    async def create(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`POST /users/`"""
        includes = plan_includes(self.catalog, table, self.parse_query(request))
        plan = plan_create(table, parse_body(request), self.database.dialect)

        async def work(lane: Lane) -> tuple[Row, list[Branch]]:
            rows = await self._insert(lane, plan)
            return rows[0], await self.includes.read(lane, SelectShape(table), rows, includes)

        row, branches = await self._write(plan, session, work, single=not includes)
        body, tag = encode_row(table, row, branches, includes)
        location = f"{request.base}/{write_key(table, row)}"
        return answer_created(body, tag, location, minimal=wants_minimal(request))

    async def bulk_create(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`POST /users/bulk/`"""
        refuse_parameters(self.parse_query(request))
        plan = plan_bulk_create(table, parse_body(request), self.database.dialect)
        rows = await self._store_all(plan, session)
        body = encoder_of(table).encode_many(rows)
        return answer_rows(body, status=201, minimal=wants_minimal(request))

    async def put(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`PUT /users/{id}`"""
        return await self._update(table, request, session, ignore_null=True)

    async def patch(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`PATCH /users/{id}`"""
        return await self._update(table, request, session, ignore_null=False)

    async def delete(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`DELETE /users/{id}`"""
        refuse_parameters(self.parse_query(request))
        plan = plan_delete(table, request.key or "")

        async def work(lane: Lane) -> None:
            dependents = self.catalog.dependents
            if not await delete_rows(lane, self.statements, dependents, table.sql, [plan.key]):
                raise NotFound(f"{table.title} not found")

        single = not self.catalog.dependents.get(table.name)
        await self._write(plan, session, work, single=single)
        return answer_deleted()

    async def _update(
        self, table: Table, request: Request, session: Session, *, ignore_null: bool
    ) -> Answer:
        includes = plan_includes(self.catalog, table, self.parse_query(request))
        body = parse_body(request)
        plan = plan_update(
            table, request.key or "", body, self.database.dialect, ignore_null=ignore_null
        )

        async def work(lane: Lane) -> tuple[Row, list[Branch]]:
            row = await self._change(lane, plan)
            return row, await self.includes.read(lane, SelectShape(table), [row], includes)

        single = not includes and not plan.merges
        row, branches = await self._write(plan, session, work, single=single)
        body, tag = encode_row(table, row, branches, includes)
        return answer_updated(body, tag, minimal=wants_minimal(request))

    async def _write(
        self,
        plan: WritePlan,
        session: Session,
        work: Callable[[Lane], Awaitable[T]],
        *,
        single: bool = False,
    ) -> T:
        """Do some work in one transaction; it is committed when this returns."""
        try:
            async with self.database.writing(session, single=single) as lane:
                return await work(lane)
        except ConstraintViolation as violation:
            async with self.database.reading(session) as lane:
                finder = Finder(lane, self.statements)
                error = await explain(violation, plan, self.catalog, finder)
            raise error from violation

    async def _store_all(self, plan: CreatePlan, session: Session) -> Sequence[Row]:
        """Store many rows at once; where one is refused, find out which.

        A session in force may hold what others have done in it, which a first try that fails would
        undo: there the rows go one by one from the start.
        """
        refused: ConstraintViolation | None = None
        if session is None:
            try:
                async with self.database.writing(single=plan.is_single) as lane:
                    return await self._insert(lane, plan)
            except ConstraintViolation as violation:
                refused = violation
        return await self._write(plan, session, lambda lane: self._insert_each(lane, plan, refused))

    async def _insert(self, lane: Lane, plan: CreatePlan) -> list[Row]:
        """Store rows, those that give the same fields in one statement."""
        stored: list[Row] = []
        for shape, group in plan.groups:
            statement = self.statements.of(shape)
            if shape.many:
                rows = [row.values for row in group]
                stored += await lane.fetch(statement, {ROWS: rows})
                continue
            for row in group:
                stored += await lane.fetch(statement, _bind_row(row))
        return stored

    async def _insert_each(
        self, lane: Lane, plan: CreatePlan, refused: ConstraintViolation | None
    ) -> list[Row]:
        """Store rows one by one, so that a refusal tells its row."""
        stored: list[Row] = []
        for index, row in enumerate(plan.rows):
            statement = self.statements.of(plan.shape_of(row))
            try:
                stored += await lane.fetch(statement, _bind_row(row))
            except ConstraintViolation as violation:
                if refused is not None and violation.kind is not refused.kind:
                    # Rows that refer to each other may be refused alone and not together.
                    raise refused from violation
                violation.row = index
                raise
        return stored

    async def _change(self, lane: Lane, plan: UpdatePlan) -> Row:
        key = predicate_values(plan.key)
        if plan.merges:
            stored = await lane.fetch(self.statements.of(plan.stored), {ROWS: [plan.key]})
            plan = plan.merge(stored[0]) if stored else plan
        if plan.rows[0].fields:
            values = {**key, **_bind_row(plan.rows[0])}
            rows = await lane.fetch(self.statements.of(plan.shape), values)
        else:
            rows = await lane.fetch(self.statements.of(select_by_key(plan.table)), key)
        if not rows:
            raise NotFound(f"{plan.table.title} not found")
        return rows[0]


def _bind_row(plan_row: PlanRow) -> dict[str, Any]:
    return {value_name(field): value for field, value in plan_row.items()}
