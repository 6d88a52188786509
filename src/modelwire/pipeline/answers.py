"""Responses to writes, made from the written rows while the transaction is still open."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from msgspec import Struct

from ..catalog.tables import Table
from ..encode.tree import Branch
from ..errors import RequestError
from ..execute.connect.lane import Lane
from ..execute.failure import describe_failure
from ..execute.write.context import Written
from ..observe.exchange import CURRENT
from ..plan.keys import write_key
from ..plan.writing.create_plan import CreatePlan
from ..plan.writing.renamed import point_into
from ..request.request import Request
from ..respond.answer import (
    Answer,
    answer_affected,
    answer_created,
    answer_deleted,
    answer_rows,
    answer_updated,
)
from ..respond.links import Headers
from ..respond.outcomes import Outcome, Statuses, answer_each
from ..shape.lookups import LookupShape
from ..shape.parts import Include
from ..shape.reads import SelectShape
from ..statement.lists import ROWS
from .encoding import encode_each, encode_row, encode_rows
from .pipeline import Pipeline, wants_minimal

logger = logging.getLogger("modelwire")


class Reply(Struct, frozen=True):
    """Response to a write.

    Args:
        table: The resource of the rows.
        includes: Their includes.
    """

    table: Table
    includes: tuple[Include, ...] = ()


class Created(Reply, frozen=True):
    """Response with the row that was created."""


class Updated(Reply, frozen=True):
    """Response with the row as updated."""


class Gone(Reply, frozen=True):
    """Response without a body, after a delete or a change of links."""

    status: int = 204
    applied: Headers = ()


class Affected(Reply, frozen=True):
    """Response with the number of rows that a mass write has affected.

    Args:
        limit: The most rows that the client has allowed.
    """

    limit: int = 0


class Rows(Reply, frozen=True):
    """Response with all rows of a bulk request, in order.

    Args:
        status: The status.
        applied: Headers for the preferences that were applied.
    """

    status: int = 200
    applied: Headers = ()


class Each(Rows, frozen=True):
    """Response with the outcome of each row of a bulk request; `status` is for written rows."""


async def answer_written(
    pipeline: Pipeline, lane: Lane, request: Request, reply: Reply, written: Written
) -> Answer:
    """Answer a write, in the transaction that has written the rows.

    Args:
        pipeline: The pipeline.
        lane: The lane of the transaction.
        request: The request.
        reply: The kind of response.
        written: The result of the write.

    Returns:
        The answer.
    """
    match reply:
        case Gone():
            return answer_deleted()
        case Affected():
            return answer_affected(written.affected, reply.limit, minimal=wants_minimal(request))
    table, rows, includes = reply.table, written.rows, reply.includes
    # A caller who may create a row need not be able to read it.
    unseen: frozenset[int] = frozenset()
    if not table.policy.shows_new:
        unseen = await _find_unseen(pipeline, lane, table, written)
    if unseen and not isinstance(reply, Each):
        return _answer_unseen(request, reply, written)
    minimal = b"prefer" in request.headers and wants_minimal(request)
    branches: Sequence[Branch] = ()
    if includes:
        branches = await pipeline.includes.read(lane, SelectShape(table), rows, includes)
    match reply:
        case Each():
            errors = [each for each in written.outcomes if isinstance(each, RequestError)]
            point_into(errors, pipeline.catalog, table, request.body)
            shown: Sequence[bytes | None] = encode_each(table, rows, branches, includes)
            if unseen:
                shown = [None if place in unseen else row for place, row in enumerate(shown)]
            outcomes = [_show(outcome, shown) for outcome in written.outcomes]
            statuses = Statuses(reply.status, pipeline.conflict_status)
            return answer_each(outcomes, statuses, minimal=minimal, applied=reply.applied)
        case Rows():
            body = encode_rows(SelectShape(table), rows, branches, includes)
            return answer_rows(body, status=reply.status, minimal=minimal, applied=reply.applied)
    body, tag = encode_row(table, rows[0], branches, includes)
    if isinstance(reply, Updated):
        return answer_updated(body, tag, minimal=minimal)
    location = f"{request.base}/{write_key(table, rows[0])}"
    return answer_created(body, tag, location, minimal=minimal)


async def _find_unseen(
    pipeline: Pipeline, lane: Lane, table: Table, written: Written
) -> frozenset[int]:
    """Find the places of created rows that the caller may not see."""
    if not written.rows or not isinstance(written.plan, CreatePlan):
        return frozenset()  # updated rows were checked before
    key = table.key_columns
    keys = [table.values_of(row, key) for row in written.rows]
    shape = LookupShape(table.sql, tuple(key), tuple(key), resource=table)
    found = await lane.fetch(pipeline.statements.of(shape), {ROWS: keys})
    if len(found) == len(keys):
        return frozenset()
    seen = {tuple(row) for row in found}
    return frozenset(place for place, values in enumerate(keys) if tuple(values) not in seen)


def _answer_unseen(request: Request, reply: Reply, written: Written) -> Answer:
    """Answer that rows were created of which the caller may not see some."""
    if isinstance(reply, Rows):
        return Answer(reply.status if reply.status != 200 else 204, b"", reply.applied)
    location = f"{request.base}/{write_key(reply.table, written.rows[0])}"
    return Answer(201, b"", ((b"location", location.encode()),))


def _show(outcome: int | RequestError | None, shown: Sequence[bytes | None]) -> Outcome:
    """Return the outcome of one row for the response, without a row that the caller may not see."""
    if isinstance(outcome, RequestError):
        _log(outcome)
    return shown[outcome] if isinstance(outcome, int) else outcome


def _log(error: RequestError) -> None:
    """Log the details of a row's database error, which the client is not told."""
    cause, exchange = error.__cause__, CURRENT.get()
    if cause is not None:
        place = error.violations[0].pointer if error.violations else None
        request_id = exchange.request_id if exchange else None
        failure = describe_failure(cause)
        logger.info("%s at %s, request %s: %s", error.code, place, request_id, failure)
