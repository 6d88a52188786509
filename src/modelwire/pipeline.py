"""The whole request on one screen: parse, plan, statement, execute, encode, respond."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncSession

from .catalog import Catalog, Table
from .encode import Branch, encoder_of
from .errors import ConstraintViolation, NotFound
from .execute import Database, Finder, Lane, Row, delete_rows, explain
from .plan import (
    CreatePlan,
    Include,
    StreamPlan,
    UpdatePlan,
    WritePlan,
    plan_bulk_create,
    plan_create,
    plan_delete,
    plan_includes,
    plan_list,
    plan_read,
    plan_stream,
    plan_update,
    predicate_values,
    refuse_parameters,
    select_by_key,
    select_next_batch,
    write_key,
)
from .plan.rows import Row as PlanRow
from .plan.shapes import RelatedShape
from .request import (
    Request,
    check_media_type,
    choose_format,
    parse_entity_tags,
    parse_json,
    parse_prefer,
    parse_query,
)
from .respond import (
    Answer,
    StreamAnswer,
    answer_created,
    answer_deleted,
    answer_not_modified,
    answer_page,
    answer_row,
    answer_rows,
    answer_stream,
    answer_updated,
    entity_tag,
    matches,
)
from .statement import ROWS, Statements, value_name

STREAM_BATCH = 2000
"""Rows that a stream reads at a time."""

T = TypeVar("T")
Batch = tuple[Sequence[Row], list[Branch]]
Session = AsyncSession | None


class Pipeline:
    """Turns the requests to an application's resources into answers.

    Args:
        catalog: The resources.
        database: Where their rows are.
    """

    def __init__(self, catalog: Catalog, database: Database) -> None:
        self.catalog = catalog
        self.database = database
        self.statements = Statements(database.engine.dialect)

    async def read(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`GET /users/{id}`"""
        plan = plan_read(self.catalog, table, request.key or "", parse_query(request.query_string))
        async with self.database.reading(session) as lane:
            rows = await lane.fetch(self.statements.of(plan.shape), plan.values)
            branches = await self._read_includes(lane, table, rows, plan.includes)
        if not rows:
            raise NotFound(f"{table.title} not found")
        body, tag = _encode_row(table, rows[0], branches, plan.includes)
        if matches(parse_entity_tags(request.header(b"if-none-match")), tag):
            return answer_not_modified(tag)
        return answer_row(body, tag)

    async def read_page(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`GET /users/`"""
        plan = plan_list(self.catalog, table, parse_query(request.query_string))
        async with self.database.reading(session) as lane:
            rows = await lane.fetch(self.statements.of(plan.shape), plan.values)
            if 0 < len(rows) < plan.limit or not (rows or plan.skip):
                total = plan.skip + len(rows)
            else:
                ((total,),) = await lane.fetch(self.statements.of(plan.count), plan.values)
            branches = await self._read_includes(lane, table, rows, plan.includes)
        items = encoder_of(table, plan.includes).encode_many(rows, branches)
        return answer_page(items, total, plan.skip, plan.limit)

    async def stream(self, table: Table, request: Request, session: Session = None) -> StreamAnswer:
        """`GET /users/stream/`"""
        plan = plan_stream(self.catalog, table, parse_query(request.query_string), STREAM_BATCH)
        format_ = choose_format(request.header(b"accept"))
        # The first batch is read before the status is sent, so that a refusal can still be one.
        batches = self._read_batches(plan, session)
        first = await anext(batches)
        return answer_stream(format_, first, batches, encoder_of(table, plan.includes))

    async def create(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`POST /users/`"""
        includes = plan_includes(self.catalog, table, parse_query(request.query_string), ())
        plan = plan_create(table, _parse_body(request), self.database.dialect)

        async def work(lane: Lane) -> tuple[Row, list[Branch]]:
            rows = await self._insert(lane, plan)
            return rows[0], await self._read_includes(lane, table, rows, includes)

        row, branches = await self._write(plan, session, work, single=not includes)
        body, tag = _encode_row(table, row, branches, includes)
        location = f"{quote(request.path)}/{write_key(table, row)}"
        return answer_created(body, tag, location, minimal=_wants_minimal(request))

    async def bulk_create(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`POST /users/bulk/`"""
        refuse_parameters(parse_query(request.query_string))
        plan = plan_bulk_create(table, _parse_body(request), self.database.dialect)
        rows = await self._store_all(plan, session)
        body = encoder_of(table).encode_many(rows)
        return answer_rows(body, status=201, minimal=_wants_minimal(request))

    async def put(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`PUT /users/{id}`"""
        return await self._update(table, request, session, ignore_null=True)

    async def patch(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`PATCH /users/{id}`"""
        return await self._update(table, request, session, ignore_null=False)

    async def delete(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`DELETE /users/{id}`"""
        refuse_parameters(parse_query(request.query_string))
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
        includes = plan_includes(self.catalog, table, parse_query(request.query_string), ())
        body = _parse_body(request)
        plan = plan_update(
            table, request.key or "", body, self.database.dialect, ignore_null=ignore_null
        )

        async def work(lane: Lane) -> tuple[Row, list[Branch]]:
            row = await self._change(lane, plan)
            return row, await self._read_includes(lane, table, [row], includes)

        single = not includes and not plan.merges
        row, branches = await self._write(plan, session, work, single=single)
        body, tag = _encode_row(table, row, branches, includes)
        return answer_updated(body, tag, minimal=_wants_minimal(request))

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

    async def _read_includes(
        self, lane: Lane, table: Table, rows: Sequence[Row], includes: Sequence[Include]
    ) -> list[Branch]:
        """Read what rows include: one statement for each include, whatever the number of rows."""
        return [await self._read_include(lane, table, rows, include) for include in includes]

    async def _read_include(
        self, lane: Lane, table: Table, rows: Sequence[Row], include: Include
    ) -> Branch:
        relation, target = include.relation, include.target
        positions = [table.position_of_column[column.name] for column in relation.local]
        owners = {tuple(row[i] for i in positions): None for row in rows}
        known = [owner for owner in owners if None not in owner]
        if not known:
            return Branch(include, (), ())
        statement = self.statements.of(RelatedShape(table, relation, target))
        found = await lane.fetch(statement, {ROWS: known})
        width = len(positions)
        related = [tuple(row[width:]) for row in found]
        branches = await self._read_includes(lane, target, related, include.includes)
        return Branch(include, [tuple(row[:width]) for row in found], related, branches)

    async def _read_batches(
        self, plan: StreamPlan, session: Session
    ) -> AsyncGenerator[Batch, None]:
        """Read rows batch by batch, each after the last row of the one before it.

        No connection is held between two batches, however slowly the client reads.
        """
        shape, values = plan.shape, plan.values
        while True:
            async with self.database.reading(session) as lane:
                rows = await lane.fetch(self.statements.of(shape), values)
                branches = await self._read_includes(lane, shape.table, rows, plan.includes)
            yield rows, branches
            if len(rows) < STREAM_BATCH:
                return
            shape, values = select_next_batch(plan, rows[-1])


def _parse_body(request: Request) -> Any:
    check_media_type(request.header(b"content-type"))
    return parse_json(request.body)


def _wants_minimal(request: Request) -> bool:
    return parse_prefer(request.header(b"prefer")).get("return") == "minimal"


def _bind_row(plan_row: PlanRow) -> dict[str, Any]:
    return {value_name(field): value for field, value in plan_row.items()}


def _encode_row(
    table: Table, row: Row, branches: Sequence[Branch], includes: tuple[Include, ...]
) -> tuple[bytes, str]:
    body = encoder_of(table, includes).encode_one(row, branches)
    return body, entity_tag(row, body if includes else b"")
