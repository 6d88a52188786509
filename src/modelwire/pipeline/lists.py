"""Pages of lists, by offset or by cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ..access.principal import Principal, freeze
from ..errors import NotFound
from ..execute.connect.gathering import Turn
from ..execute.connect.lane import Lane, Row
from ..plan.parent import Parent
from ..plan.reading.keyset import CursorPlan, KeysetPlan
from ..plan.reading.plans import Counting, ListPlan
from ..request.request import Request
from ..respond.answer import Answer, answer_keyset_page, answer_page
from ..respond.changes import number_header
from ..respond.links import Address, Bounds, link_keyset, link_pages
from ..shape.reads import SelectShape, tables_read
from ..statement.estimate import read_estimate
from ..statement.lists import ROWS
from .encoding import encode_rows
from .pipeline import Pipeline, Session

Begin = Callable[[], object]


class ListRequest(Struct, frozen=True):
    """Request for one page.

    Args:
        caller: The caller.
        session: The overridden session, which may see its own uncommitted rows.
        address: The URL of the page, if its response links to other pages.
        parent: The row whose children are listed.
    """

    caller: Principal
    session: Session
    address: Address | None = None
    parent: Parent | None = None


async def share_list(
    pipeline: Pipeline,
    plan: ListPlan | CursorPlan,
    request: Request,
    session: Session,
    address: Address | None = None,
    parent: Parent | None = None,
) -> Answer:
    """Read one page, once for all concurrent requests for exactly the same.

    Args:
        pipeline: The pipeline.
        plan: The page.
        request: The request.
        session: The overridden session.
        address: The URL of the page, if its response links to other pages.
        parent: The row whose children are listed.
    """
    asked = ListRequest(request.caller, session, address, parent)
    if session is not None:
        return await _read_list(pipeline, plan, asked, _go_on)

    async def work(turn: Turn[None, Answer]) -> Sequence[Answer]:
        answer = await _read_list(pipeline, plan, asked, turn.take)
        return [answer] * turn.count

    words = address or (request.base, request.body)
    return await pipeline.pages.find((words, request.caller.known), None, work)


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
    number = await pipeline.find_number(rows.table)
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
    async with pipeline.reading(asked.session, statement, asked.caller) as lane:
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
    async with pipeline.reading(session, statement, asked.caller) as lane:
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
        async with pipeline.reading(asked.session, statement, asked.caller) as lane:
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
    known = statement.take_from(asked.caller)
    return await pipeline.counts.find((shape, repr(plan.operands), freeze(known)), None, work)
