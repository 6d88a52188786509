"""Pages of lists: by the number of rows before them, or by a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..access.principal import Principal
from ..errors import NotFound
from ..execute.connect.lane import Lane, Row
from ..plan.parent import Parent
from ..plan.reading.cipher import cipher_of
from ..plan.reading.keyset import CursorPlan, KeysetPlan
from ..plan.reading.plans import Counting, ListPlan
from ..respond.answer import Answer, answer_keyset_page, answer_page
from ..respond.links import Address, Bounds, link_keyset, link_pages
from ..shape.reads import tables_read
from ..statement.estimate import read_estimate
from ..statement.lists import ROWS
from .encoding import encode_rows
from .pipeline import Pipeline, Session, session_of


async def read_list(
    pipeline: Pipeline,
    plan: ListPlan | CursorPlan,
    caller: Principal,
    session: Session,
    address: Address | None = None,
    parent: Parent | None = None,
) -> Answer:
    """Read one page.

    Args:
        pipeline: What requests have at hand.
        plan: The page.
        caller: Who asks for it.
        session: The overridden session.
        address: Where it was asked for, if its answer links to other pages.
        parent: The row whose children it lists.
    """
    if isinstance(plan, CursorPlan):
        return await _read_keyset_page(pipeline, plan, caller, session, address, parent)
    shape = plan.shape
    statement = pipeline.statements.of(shape)
    async with pipeline.reading(session, statement, caller) as lane:
        found = await lane.fetch(statement, plan.values)
        rows = found[: plan.limit]
        if not rows:
            await _check_parent(pipeline, lane, parent)
        branches = await pipeline.includes.read(lane, shape, rows, plan.includes)
    total = await _count(pipeline, plan, caller, session, len(found))
    estimated = _estimates(pipeline, plan)
    bounds = Bounds(plan.skip, plan.limit, total, len(found) > plan.limit)
    items = encode_rows(shape, rows, branches, plan.includes)
    links = link_pages(address, bounds, exact=not estimated) if address else ()
    return answer_page(items, bounds, links, estimated=estimated)


async def _read_keyset_page(
    pipeline: Pipeline,
    sealed: CursorPlan,
    caller: Principal,
    session: Session,
    address: Address | None,
    parent: Parent | None,
) -> Answer:
    secrets = pipeline.database.secrets
    plan = sealed.open(
        cipher_of(pipeline.catalog, secrets.known or await secrets.find(session_of(session)))
    )
    shape = plan.shape
    statement = pipeline.statements.of(shape)
    async with pipeline.reading(session, statement, caller) as lane:
        found = await lane.fetch(statement, plan.values)
        if found:
            page = plan.cut(found)
        else:
            await _check_parent(pipeline, lane, parent)
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


async def _check_parent(pipeline: Pipeline, lane: Lane, parent: Parent | None) -> None:
    """Tell a row without children from one that is not there."""
    if parent is None:
        return
    if not await lane.fetch(pipeline.statements.of(parent.shape), {ROWS: [parent.key]}):
        raise NotFound(f"{parent.table.title} not found")


def _estimates(pipeline: Pipeline, plan: ListPlan) -> bool:
    """Whether the database is asked for an estimate, where it has any.

    It knows from all rows what it expects, also from those that the caller may not see.
    """
    wanted = plan.counting is Counting.ESTIMATE and pipeline.database.sql_dialect.estimates
    return wanted and all(table.policy.read.constant for table in tables_read(plan.shape))


async def _count(
    pipeline: Pipeline, plan: ListPlan, caller: Principal, session: Session, found: int
) -> int | None:
    """Count the rows of a list, where the page does not tell how many there are.

    Who waits for a count that others share holds no connection meanwhile.
    """
    if plan.counting is Counting.NONE:
        return None
    total = plan.total_of(found)
    if total is not None:
        return total
    shape = plan.count_shape(estimated=_estimates(pipeline, plan))
    statement = pipeline.statements.of(shape)

    async def fetch() -> Any:
        async with pipeline.reading(session, statement, caller) as lane:
            ((counted,),) = await lane.fetch(statement, plan.operands)
        return counted

    if shape.estimated:
        return plan.fit_estimate(read_estimate(await fetch()), found)
    if session is not None:
        return int(await fetch())
    # Whoever is asked about the same may see other rows.
    known = statement.take_from(caller)
    return await pipeline.counts.find((shape, repr(plan.operands), repr(known)), fetch)
