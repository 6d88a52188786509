"""Answers to writes, made from what was written while it can still be undone."""

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
    """What a write is answered with.

    Args:
        table: The resource of the rows.
        includes: What they include.
    """

    table: Table
    includes: tuple[Include, ...] = ()


class Created(Reply, frozen=True):
    """The row that was stored."""


class Updated(Reply, frozen=True):
    """The row as it has become."""


class Gone(Reply, frozen=True):
    """Nothing: rows are gone, or links are as they were asked to be."""

    status: int = 204
    applied: Headers = ()


class Affected(Reply, frozen=True):
    """How many rows a mass change was for.

    Args:
        limit: Rows that the client has allowed at most.
    """

    limit: int = 0


class Rows(Reply, frozen=True):
    """All rows of a bulk request, in its order.

    Args:
        status: The status.
        applied: Headers that name the preferences that are honoured.
    """

    status: int = 200
    applied: Headers = ()


class Each(Rows, frozen=True):
    """What has become of each row of a bulk request; `status` is that of one that was written."""


async def answer_written(
    pipeline: Pipeline, lane: Lane, request: Request, reply: Reply, written: Written
) -> Answer:
    """Answer a write, in the transaction that has written the rows.

    Args:
        pipeline: What requests have at hand.
        lane: The lane of the transaction.
        request: The request.
        reply: What it is answered with.
        written: What was written.

    Returns:
        The answer.
    """
    match reply:
        case Gone():
            return answer_deleted()
        case Affected():
            return answer_affected(written.affected, reply.limit, minimal=wants_minimal(request))
    table, rows, includes = reply.table, written.rows, reply.includes
    # Who may create need not read.
    if not table.policy.shows_new and not await _are_seen(pipeline, lane, table, written):
        return _answer_unseen(pipeline, request, reply, written)
    minimal = b"prefer" in request.headers and wants_minimal(request)
    branches: Sequence[Branch] = ()
    if includes:
        branches = await pipeline.includes.read(lane, SelectShape(table), rows, includes)
    match reply:
        case Each():
            shown = encode_each(table, rows, branches, includes)
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


async def _are_seen(pipeline: Pipeline, lane: Lane, table: Table, written: Written) -> bool:
    """Whether the caller may see all rows that were created."""
    if not written.rows or not isinstance(written.plan, CreatePlan):
        return True  # what was changed has been looked at
    key = table.key_columns
    keys = [table.values_of(row, key) for row in written.rows]
    shape = LookupShape(table.sql, tuple(key), tuple(key), resource=table)
    return len(await lane.fetch(pipeline.statements.of(shape), {ROWS: keys})) == len(keys)


def _answer_unseen(pipeline: Pipeline, request: Request, reply: Reply, written: Written) -> Answer:
    """Answer that rows were created which the caller may not see."""
    match reply:
        case Each():
            outcomes = [
                b"" if isinstance(outcome, int) else _show(outcome, ())
                for outcome in written.outcomes
            ]
            return answer_each(
                outcomes, Statuses(reply.status, pipeline.conflict_status), minimal=True
            )
        case Rows():
            return Answer(reply.status if reply.status != 200 else 204)
    location = f"{request.base}/{write_key(reply.table, written.rows[0])}"
    return Answer(201, b"", ((b"location", location.encode()),))


def _show(outcome: int | RequestError | None, shown: Sequence[bytes]) -> Outcome:
    """What became of one row, as it is answered."""
    if isinstance(outcome, RequestError):
        _log(outcome)
    return shown[outcome] if isinstance(outcome, int) else outcome


def _log(error: RequestError) -> None:
    """Log what the client is not told of a row that the database has refused."""
    cause, exchange = error.__cause__, CURRENT.get()
    if cause is not None:
        place = error.violations[0].pointer if error.violations else None
        request_id = exchange.request_id if exchange else None
        failure = describe_failure(cause)
        logger.info("%s at %s, request %s: %s", error.code, place, request_id, failure)
