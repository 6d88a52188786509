"""The whole request on one screen: parse, plan, statement, execute, encode, respond."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncSession

from .catalog import Catalog, Relation, Table
from .encode import Branch, encoder_of, owner_positions, split_joined
from .errors import ConstraintViolation, NotFound
from .execute import Database, Finder, Lane, Row, SharedCounts, delete_rows, explain
from .plan import (
    Counting,
    CreatePlan,
    Include,
    KeysetPlan,
    ListPlan,
    Parent,
    Projection,
    StreamPlan,
    UpdatePlan,
    WritePlan,
    plan_bulk_create,
    plan_create,
    plan_delete,
    plan_includes,
    plan_list,
    plan_parent,
    plan_read,
    plan_stream,
    plan_update,
    positions_of,
    predicate_values,
    refuse_parameters,
    select_by_key,
    select_next_batch,
    write_key,
)
from .plan.rows import Row as PlanRow
from .plan.shapes import RelatedShape, SelectShape
from .request import (
    Parameter,
    Request,
    check_media_type,
    choose_format,
    parse_entity_tags,
    parse_json,
    parse_prefer,
    parse_query,
    read_query_object,
)
from .respond import (
    Address,
    Answer,
    Bounds,
    StreamAnswer,
    answer_created,
    answer_deleted,
    answer_keyset_page,
    answer_not_modified,
    answer_page,
    answer_row,
    answer_rows,
    answer_stream,
    answer_updated,
    entity_tag,
    link_keyset,
    link_pages,
    matches,
)
from .statement import ROWS, Statements, read_estimate, value_name

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
        self._counts = SharedCounts()

    async def read(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`GET /users/{id}`"""
        parameters = self._parse_query(request)
        plan = plan_read(self.catalog, table, request.key or "", parameters, self.database.dialect)
        async with self.database.reading(session) as lane:
            rows = await lane.fetch(self.statements.of(plan.shape), plan.values)
            branches = await self._read_includes(lane, plan.shape, rows, plan.includes)
        if not rows:
            raise NotFound(f"{table.title} not found")
        (row,) = _own_columns(plan.shape, rows)
        body, tag = _encode_row(table, row, branches, plan.includes, plan.shape.projection)
        if matches(parse_entity_tags(request.header(b"if-none-match")), tag):
            return answer_not_modified(tag)
        return answer_row(body, tag)

    async def read_page(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`GET /users/`"""
        plan = plan_list(self.catalog, table, self._parse_query(request))
        address = Address(f"{request.base}/", request.query_string)
        return await self._read_list(plan, session, address)

    async def read_queried_page(
        self, table: Table, request: Request, session: Session = None
    ) -> Answer:
        """`POST /users/query`"""
        refuse_parameters(self._parse_query(request))
        body = _parse_body(request, numbers_as_text=True)
        plan = plan_list(self.catalog, table, read_query_object(body))
        return await self._read_list(plan, session)

    async def read_children(
        self, table: Table, relation: Relation, request: Request, session: Session = None
    ) -> Answer:
        """`GET /teams/{id}/players/`"""
        parent = plan_parent(table, relation, request.key or "")
        target = self.catalog.target_of(relation)
        plan = plan_list(self.catalog, target, self._parse_query(request), parent)
        path = f"{request.base}/{request.key}/{quote(relation.name)}/"
        return await self._read_list(plan, session, Address(path, request.query_string), parent)

    async def stream(self, table: Table, request: Request, session: Session = None) -> StreamAnswer:
        """`GET /users/stream/`"""
        plan = plan_stream(self.catalog, table, self._parse_query(request), STREAM_BATCH)
        format_ = choose_format(request.header(b"accept"))
        # The first batch is read before the status is sent, so that a refusal can still be one.
        batches = self._read_batches(plan, session)
        first = await anext(batches)
        encoder = encoder_of(table, plan.includes, plan.shape.projection)
        escapes = table.resource.escape_formulas
        return answer_stream(format_, first, batches, encoder, escape_formulas=escapes)

    async def create(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`POST /users/`"""
        includes = plan_includes(self.catalog, table, self._parse_query(request))
        plan = plan_create(table, _parse_body(request), self.database.dialect)

        async def work(lane: Lane) -> tuple[Row, list[Branch]]:
            rows = await self._insert(lane, plan)
            return rows[0], await self._read_includes(lane, SelectShape(table), rows, includes)

        row, branches = await self._write(plan, session, work, single=not includes)
        body, tag = _encode_row(table, row, branches, includes)
        location = f"{request.base}/{write_key(table, row)}"
        return answer_created(body, tag, location, minimal=_wants_minimal(request))

    async def bulk_create(self, table: Table, request: Request, session: Session = None) -> Answer:
        """`POST /users/bulk/`"""
        refuse_parameters(self._parse_query(request))
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
        refuse_parameters(self._parse_query(request))
        plan = plan_delete(table, request.key or "")

        async def work(lane: Lane) -> None:
            dependents = self.catalog.dependents
            if not await delete_rows(lane, self.statements, dependents, table.sql, [plan.key]):
                raise NotFound(f"{table.title} not found")

        single = not self.catalog.dependents.get(table.name)
        await self._write(plan, session, work, single=single)
        return answer_deleted()

    def _parse_query(self, request: Request) -> list[Parameter]:
        return parse_query(request.query_string, self.catalog.limits.max_query_bytes)

    async def _read_list(
        self,
        plan: ListPlan | KeysetPlan,
        session: Session,
        address: Address | None = None,
        parent: Parent | None = None,
    ) -> Answer:
        if isinstance(plan, KeysetPlan):
            return await self._read_keyset_page(plan, session, address, parent)
        shape = plan.shape
        async with self.database.reading(session) as lane:
            found = await lane.fetch(self.statements.of(shape), plan.values)
            rows = found[: plan.limit]
            if not rows:
                await self._check_parent(lane, parent)
            total = await self._count(lane, plan, len(found), shared=session is None)
            branches = await self._read_includes(lane, shape, rows, plan.includes)
        estimated = self._estimates(plan)
        bounds = Bounds(plan.skip, plan.limit, total, len(found) > plan.limit)
        items = _encode_rows(shape, rows, branches, plan.includes)
        links = link_pages(address, bounds, exact=not estimated) if address else ()
        return answer_page(items, bounds, links, estimated=estimated)

    async def _read_keyset_page(
        self,
        plan: KeysetPlan,
        session: Session,
        address: Address | None,
        parent: Parent | None,
    ) -> Answer:
        async with self.database.reading(session) as lane:
            shape = plan.shape
            found = await lane.fetch(self.statements.of(shape), plan.values)
            if found:
                page = plan.cut(found)
            else:
                await self._check_parent(lane, parent)
                page = plan.cut_empty(await self._read_other_side(lane, plan))
            branches = await self._read_includes(lane, shape, page.rows, plan.includes)
        items = _encode_rows(shape, page.rows, branches, plan.includes)
        links = link_keyset(address, page.next, page.previous) if address else ()
        return answer_keyset_page(items, plan.limit, page.next, page.previous, links)

    async def _read_other_side(self, lane: Lane, plan: KeysetPlan) -> Sequence[Row]:
        if plan.position is None:
            return ()
        values = {**plan.values, "limit": 1}
        return await lane.fetch(self.statements.of(plan.other_side), values)

    async def _check_parent(self, lane: Lane, parent: Parent | None) -> None:
        """Tell a row without children from one that is not there."""
        if parent is None:
            return
        if not await lane.fetch(self.statements.of(parent.shape), {ROWS: [parent.key]}):
            raise NotFound(f"{parent.table.title} not found")

    def _estimates(self, plan: ListPlan) -> bool:
        """Whether the database has estimates; SQLite has none."""
        return plan.counting is Counting.ESTIMATE and self.database.dialect == "postgresql"

    async def _count(self, lane: Lane, plan: ListPlan, found: int, *, shared: bool) -> int | None:
        """Count the rows of a list, where the page does not tell how many there are."""
        if plan.counting is Counting.NONE:
            return None
        total = plan.total_of(found)
        if total is not None:
            return total
        shape = plan.count(estimated=self._estimates(plan))
        statement = self.statements.of(shape)
        if shape.estimated:
            ((explained,),) = await lane.fetch(statement, plan.operands)
            return max(read_estimate(explained), plan.skip + found)

        async def count() -> int:
            ((rows,),) = await lane.fetch(statement, plan.operands)
            return int(rows)

        if not shared:
            return await count()
        return await self._counts.find((shape, repr(plan.operands)), count)

    async def _update(
        self, table: Table, request: Request, session: Session, *, ignore_null: bool
    ) -> Answer:
        includes = plan_includes(self.catalog, table, self._parse_query(request))
        body = _parse_body(request)
        plan = plan_update(
            table, request.key or "", body, self.database.dialect, ignore_null=ignore_null
        )

        async def work(lane: Lane) -> tuple[Row, list[Branch]]:
            row = await self._change(lane, plan)
            return row, await self._read_includes(lane, SelectShape(table), [row], includes)

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
        self, lane: Lane, shape: SelectShape, rows: Sequence[Row], includes: Sequence[Include]
    ) -> list[Branch]:
        """Read what rows include: at most one statement for each include.

        However many rows there are, it is no more; and less where the rows brought them along.
        """
        return [await self._read_include(lane, shape, rows, include) for include in includes]

    async def _read_include(
        self, lane: Lane, shape: SelectShape, rows: Sequence[Row], include: Include
    ) -> Branch:
        relation, target = include.relation, include.target
        positions = owner_positions(shape.table, shape.read, include)
        below = SelectShape(target)
        if include in shape.joined:
            owners, related = split_joined(shape, rows, include, positions)
            branches = await self._read_includes(lane, below, related, include.includes)
            return Branch(include, owners, related, branches)
        given = dict.fromkeys(tuple(row[i] for i in positions) for row in rows)
        known = [owner for owner in given if None not in owner]
        if not known:
            return Branch(include, (), ())
        statement = self.statements.of(RelatedShape(shape.table, relation, target))
        found = await lane.fetch(statement, {ROWS: known})
        width = len(positions)
        related = [tuple(row[width:]) for row in found]
        branches = await self._read_includes(lane, below, related, include.includes)
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
                branches = await self._read_includes(lane, shape, rows, plan.includes)
            yield _own_columns(shape, rows), branches
            if len(rows) < STREAM_BATCH:
                return
            shape, values = select_next_batch(plan, rows[-1])


def _parse_body(request: Request, *, numbers_as_text: bool = False) -> Any:
    check_media_type(request.header(b"content-type"))
    return parse_json(request.body, numbers_as_text=numbers_as_text)


def _wants_minimal(request: Request) -> bool:
    return parse_prefer(request.header(b"prefer")).get("return") == "minimal"


def _bind_row(plan_row: PlanRow) -> dict[str, Any]:
    return {value_name(field): value for field, value in plan_row.items()}


def _encode_row(
    table: Table,
    row: Row,
    branches: Sequence[Branch],
    includes: tuple[Include, ...],
    read: Projection | None = None,
) -> tuple[bytes, str]:
    body = encoder_of(table, includes, read).encode_one(row, branches)
    if read is not None:
        # The tag stands for the row, whatever is shown of it.
        positions = positions_of(read)
        row = [row[positions[field]] for field in table.selected]
    return body, entity_tag(row, body if includes else b"")


def _encode_rows(
    shape: SelectShape,
    rows: Sequence[Row],
    branches: Sequence[Branch],
    includes: tuple[Include, ...],
) -> bytes:
    encoder = encoder_of(shape.table, includes, shape.projection)
    return encoder.encode_many(_own_columns(shape, rows), branches)


def _own_columns(shape: SelectShape, rows: Sequence[Row]) -> Sequence[Row]:
    """Rows without what was read behind their own columns."""
    if not shape.traced and shape.after is None and not shape.joined:
        return rows
    width = len(shape.read.fields)
    return [row[:width] for row in rows]
