"""Pages of lists, by offset or by cursor, and the requests for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from ..access.principal import freeze
from ..catalog.relation import Relation
from ..catalog.tables import Table
from ..errors import NotFound
from ..execute.connect.gathering import Turn
from ..execute.connect.lane import Lane, Row
from ..plan.parent import Parent, plan_parent
from ..plan.reading.keyset import CursorPlan, KeysetPlan
from ..plan.reading.plans import Counting, ListPlan, plan_list
from ..plan.reading.query import refuse_parameters
from ..request.query import Parameter, read_query_object
from ..request.request import Request
from ..respond.answer import Answer, answer_keyset_page, answer_page
from ..respond.changes import number_header
from ..respond.links import Address, Bounds, link_keyset, link_pages
from ..shape.reads import SelectShape, tables_read
from ..statement.estimate import read_estimate
from ..statement.lists import ROWS
from .encoding import encode_rows
from .pipeline import Pipeline, Session, parse_body

Begin = Callable[[], object]


class ListRequest(Struct, frozen=True):
    """Request for rows of a list: for a page of them, or for their sums.

    Args:
        table: The resource.
        parameters: The query.
        request: The request.
        session: The overridden session, which may see its own uncommitted rows.
        address: The URL of the list, if its response links to other pages.
        parent: The row whose children are listed.
    """

    table: Table
    parameters: Sequence[Parameter]
    request: Request
    session: Session
    address: Address | None = None
    parent: Parent | None = None


def ask_by_url(
    pipeline: Pipeline, table: Table, request: Request, session: Session, *, below: str = ""
) -> ListRequest:
    """Read a request whose parameters are in its URL, with the path below the resource."""
    address = Address(f"{request.base}/{below}", request.query_string)
    return ListRequest(table, pipeline.parse_query(request), request, session, address)


def ask_by_body(
    pipeline: Pipeline, table: Table, request: Request, session: Session
) -> ListRequest:
    """Read a request whose parameters are in its body."""
    refuse_parameters(pipeline.parse_query(request))
    body = parse_body(request, numbers_as_text=True)
    return ListRequest(table, read_query_object(body), request, session)


def ask_for_children(
    pipeline: Pipeline,
    table: Table,
    relation: Relation,
    request: Request,
    session: Session,
    *,
    below: str = "",
) -> ListRequest:
    """Read a request for the children of a row, with the path below their list."""
    parent = plan_parent(table, relation, request.key)
    path = f"{request.base}/{request.key}/{quote(relation.name)}/{below}"
    address = Address(path, request.query_string)
    target = pipeline.catalog.target_of(relation)
    return ListRequest(target, pipeline.parse_query(request), request, session, address, parent)


async def read_page(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Answer:
    """Answer `GET /users/`."""
    return await _share_page(pipeline, ask_by_url(pipeline, table, request, session))


async def read_queried_page(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Answer:
    """Answer `POST /users/query`."""
    return await _share_page(pipeline, ask_by_body(pipeline, table, request, session))


async def read_children(
    pipeline: Pipeline, table: Table, relation: Relation, request: Request, session: Session = None
) -> Answer:
    """Answer `GET /teams/{id}/players/`."""
    asked = ask_for_children(pipeline, table, relation, request, session)
    return await _share_page(pipeline, asked)


async def _share_page(pipeline: Pipeline, asked: ListRequest) -> Answer:
    """Read one page, once for all concurrent requests for exactly the same."""
    plan = plan_list(pipeline.catalog, asked.table, asked.parameters, asked.parent)
    if asked.session is not None:
        return await _read_list(pipeline, plan, asked, _go_on)

    async def work(turn: Turn[None, Answer]) -> Sequence[Answer]:
        answer = await _read_list(pipeline, plan, asked, turn.take)
        return [answer] * turn.count

    request = asked.request
    words = asked.address or (request.base, request.body)
    # Callers with equal values may see the same.
    kind = (words, freeze(request.caller.values))
    return await pipeline.pages.find(kind, None, work)


def _go_on() -> None:
    """Begin the read of a session, for which no other request waits."""


async def _read_list(
    pipeline: Pipeline, plan: ListPlan | CursorPlan, asked: ListRequest, begin: Begin
) -> Answer:
    """Read one page.

    Args:
        pipeline: The pipeline.
        plan: The page.
        asked: The request.
        begin: Called before the first statement is sent.
    """
    # Before the rows are read, so that no concurrent change is missed; some are reported twice.
    rows = plan.rows if isinstance(plan, CursorPlan) else plan.shape
    number = await pipeline.find_number() if rows.table.guarded.is_followed else None
    if isinstance(plan, CursorPlan):
        answer = await _read_keyset_page(pipeline, plan, asked, begin)
    else:
        answer = await _read_page(pipeline, plan, asked, begin)
    if number is None:
        return answer
    return replace(answer, headers=(*answer.headers, *number_header(number)))


async def _read_page(
    pipeline: Pipeline, plan: ListPlan, asked: ListRequest, begin: Begin
) -> Answer:
    shape, address = plan.shape, asked.address
    statement = pipeline.statements.of(shape)
    async with pipeline.reading(asked.session, statement, asked.request.caller) as lane:
        begin()
        found = await lane.fetch(statement, plan.values)
        rows = found[: plan.limit]
        if not rows:
            await check_parent(pipeline, lane, asked.parent)
        branches = await pipeline.includes.read(lane, shape, rows, plan.includes)
    estimated = plan.counting is Counting.ESTIMATE and _can_estimate(pipeline, shape)
    total = await _count(pipeline, plan, asked, len(found), estimated=estimated)
    bounds = Bounds(plan.skip, plan.limit, total, len(found) > plan.limit)
    items = encode_rows(shape, rows, branches, plan.includes)
    links = link_pages(address, bounds, exact=not estimated) if address else ()
    return answer_page(items, bounds, links, estimated=estimated)


async def _read_keyset_page(
    pipeline: Pipeline, sealed: CursorPlan, asked: ListRequest, begin: Begin
) -> Answer:
    session, address = asked.session, asked.address
    plan = sealed.open(await pipeline.find_cipher(session))
    shape = plan.shape
    statement = pipeline.statements.of(shape)
    async with pipeline.reading(session, statement, asked.request.caller) as lane:
        begin()
        found = await lane.fetch(statement, plan.values)
        if found:
            page = plan.cut(found)
        else:
            await check_parent(pipeline, lane, asked.parent)
            page = plan.cut_empty(await _read_other_side(pipeline, lane, plan))
        branches = await pipeline.includes.read(lane, shape, page.rows, plan.includes)
    items = encode_rows(shape, page.rows, branches, plan.includes)
    links = link_keyset(address, page.next, page.previous) if address else ()
    return answer_keyset_page(items, plan.limit, page.next, page.previous, links)


async def _read_other_side(pipeline: Pipeline, lane: Lane, plan: KeysetPlan) -> Sequence[Row]:
    if plan.position is None:
        return ()
    values = {**plan.values, "limit": 1}
    return await lane.fetch(pipeline.statements.of(plan.other_side), values)


async def check_parent(pipeline: Pipeline, lane: Lane, parent: Parent | None) -> None:
    """Raise `NotFound` if the parent of an empty list does not exist."""
    if parent is None:
        return
    if not await lane.fetch(pipeline.statements.of(parent.shape), {ROWS: [parent.key]}):
        raise NotFound(f"{parent.table.title} not found")


def _can_estimate(pipeline: Pipeline, shape: SelectShape) -> bool:
    """Whether the database may estimate the number of rows, if it can.

    The estimate covers all rows, including those that the caller may not see.
    """
    has_any = pipeline.database.sql_dialect.estimates
    return has_any and all(table.policy.read.constant for table in tables_read(shape))


async def _count(
    pipeline: Pipeline, plan: ListPlan, asked: ListRequest, found: int, *, estimated: bool
) -> int | None:
    """Count the rows of a list, if the page itself does not determine their number.

    A request that waits for a shared count holds no connection meanwhile.
    """
    if plan.counting is Counting.NONE:
        return None
    total = plan.total_of(found)
    if total is not None:
        return total
    shape = plan.count_shape(estimated=estimated)
    statement = pipeline.statements.of(shape)

    async def count(begin: Begin = _go_on) -> Any:
        async with pipeline.reading(asked.session, statement, asked.request.caller) as lane:
            begin()
            ((counted,),) = await lane.fetch(statement, plan.operands)
        return counted

    if estimated:
        return plan.fit_estimate(read_estimate(await count()), found)
    if asked.session is not None:
        return int(await count())

    async def work(turn: Turn[None, int]) -> Sequence[int]:
        return [await count(turn.take)] * turn.count

    # Another caller may see other rows.
    known = statement.take_from(asked.request.caller)
    return await pipeline.counts.find((shape, repr(plan.operands), freeze(known)), None, work)
