"""Requests that read a row, or a stream of rows: parse, plan, execute, encode, respond."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Sequence

from msgspec.structs import replace

from ..access.principal import Principal
from ..catalog.tables import Catalog, Table
from ..dialect import Dialect
from ..encode.encoder import encoder_of
from ..encode.tree import Branch
from ..errors import NotFound, RequestError, TooManyIncluded
from ..execute.connect.lane import Lane, Row
from ..memory import kept_if_short
from ..plan.keys import select_by_key
from ..plan.parameters import Values
from ..plan.reading.history import check_kept
from ..plan.reading.plans import (
    ReadPlan,
    StreamPlan,
    plan_key,
    plan_read,
    plan_stream,
    select_next_batch,
)
from ..request.headers import choose_format, parse_entity_tags, parse_prefer
from ..request.query import parse_query
from ..request.request import Request
from ..respond.answer import Answer, StreamAnswer, answer_not_modified, answer_row, matches
from ..respond.stream import END_MARKER, answer_stream
from ..shape.reads import SelectShape
from .encoding import encode_row, own_columns
from .history import read_then
from .pipeline import Pipeline, Session
from .replicas import is_of_copy

STREAM_BATCH = 2000
"""Number of rows that a stream reads at a time."""

Batch = tuple[Sequence[Row], list[Branch]]


async def read(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Answer:
    """Answer `GET /users/{id}`."""
    values = plan_key(table, request.key)
    plan = _plan_read(
        pipeline.catalog, (table, pipeline.database.sql_dialect), request.query_string
    )
    branches: Sequence[Branch] = ()
    if plan.as_of is not None:
        rows = await _read_as_of(pipeline, plan, plan.as_of, values, request, session)
    elif session is None and plan.is_whole:
        rows = await pipeline.rows.read(plan.shape, values, request.caller)
        if plan.includes:
            branches = pipeline.includes.take_joined(plan.shape, rows, plan.includes)
    else:
        statement = pipeline.statements.of(plan.shape)
        async with pipeline.reading(session, statement, request.caller) as lane:
            rows = await lane.fetch(statement, values)
            branches = await pipeline.includes.read(lane, plan.shape, rows, plan.includes)
    if not rows:
        raise NotFound(f"{table.title} not found")
    (row,) = own_columns(plan.shape, rows)
    body, tag = encode_row(table, row, branches, plan.includes, plan.shape.projection)
    known = request.header(b"if-none-match")
    if known is not None and matches(parse_entity_tags(known), tag):
        return answer_not_modified(tag)
    return answer_row(body, tag)


async def _read_as_of(
    pipeline: Pipeline,
    plan: ReadPlan,
    at: dt.datetime,
    key: Values,
    request: Request,
    session: Session,
) -> Sequence[Row]:
    """Read a row as of an instant, or as stored now if it has not changed since the log began."""
    check_kept(plan.shape.table, at)
    await pipeline.open_log(session)
    now = replace(plan.shape, conditions=select_by_key(plan.shape.table).conditions, given=False)
    statement = pipeline.statements.of(now)
    async with pipeline.reading(session, statement, request.caller) as lane:
        rows = await read_then(pipeline, lane, plan.shape, key, at)
        return await lane.fetch(statement, key) if rows is None else rows


async def stream(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> StreamAnswer:
    """Answer `GET /users/stream/`."""
    plan = plan_stream(pipeline.catalog, table, pipeline.parse_query(request))
    format_ = plan.format or choose_format(request.header(b"accept"))
    # The first batch is read before the status is sent, so that errors can still be answered.
    batches = _read_batches(pipeline, plan, request.caller, session)
    first = await anext(batches)
    encoder = encoder_of(table, plan.includes, plan.shape.projection)
    escapes = table.resource.escape_formulas
    marks_end = END_MARKER in parse_prefer(request.header(b"prefer"))
    return answer_stream(
        format_, first, batches, encoder, escape_formulas=escapes, marks_end=marks_end
    )


async def _read_batches(
    pipeline: Pipeline, plan: StreamPlan, caller: Principal, session: Session
) -> AsyncGenerator[Batch, None]:
    """Yield rows batch by batch, each after the last row of the one before.

    No connection is held between two batches, however slowly the client reads. A batch includes no
    more rows than any other response may: if necessary it has fewer rows, down to one. If a replica
    fails, the primary continues.
    """
    shape, values, limit = plan.shape, plan.values, STREAM_BATCH
    while True:
        statement = pipeline.statements.of(shape)
        try:
            async with pipeline.reading(session, statement, caller) as lane:
                found = await lane.fetch(statement, {**values, "limit": limit})
                rows, branches, included = await _read_as_many(pipeline, lane, shape, found, plan)
        except RequestError as error:
            if pipeline is pipeline.primary or not is_of_copy(error):
                raise
            pipeline = pipeline.primary
            continue
        yield own_columns(shape, rows), branches
        if len(found) < limit and len(rows) == len(found):
            return
        shape, values = select_next_batch(plan, rows[-1])
        has_room = included * 2 <= pipeline.catalog.limits.max_included
        limit = min(STREAM_BATCH, len(rows) * 2) if has_room else len(rows)


async def _read_as_many(
    pipeline: Pipeline, lane: Lane, shape: SelectShape, found: Sequence[Row], plan: StreamPlan
) -> tuple[Sequence[Row], list[Branch], int]:
    """Read the includes of rows; those of half of the rows, and so on, if there are too many.

    Returns:
        The first rows, their includes, and the number of included rows.

    Raises:
        TooManyIncluded: A single row includes too many rows.
    """
    rows = found
    while True:
        try:
            return rows, *await pipeline.includes.read_counted(lane, shape, rows, plan.includes)
        except TooManyIncluded:
            if len(rows) == 1:
                raise
        rows = rows[: len(rows) // 2]


@kept_if_short
def _plan_read(catalog: Catalog, read: tuple[Table, Dialect], query_string: bytes) -> ReadPlan:
    """Plan the read of a row, which depends only on the table, the dialect and the query."""
    table, dialect = read
    parameters = parse_query(query_string, catalog.limits.max_query_bytes)
    return plan_read(catalog, table, parameters, dialect)
