"""Requests for aggregates over groups of rows."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog.invalid_values import Unreadable
from ..catalog.relation import Relation
from ..catalog.tables import Table
from ..encode.csv import Sheet
from ..encode.groups import GroupEncoder
from ..errors import Constraint, ConstraintViolation, InvalidRequest, Violation
from ..execute.connect.lane import Row
from ..observe.exchange import encoding
from ..plan.reading.aggregate import AggregatePlan, plan_aggregate
from ..request.headers import Format, choose_format
from ..request.request import Request
from ..respond.answer import Answer
from ..respond.groups import answer_groups, answer_sheet
from ..respond.links import Bounds, link_pages
from ..shape.aggregates import AggregateShape, Measure
from ..statement.date_trunc import ZONE
from .lists import ListRequest, ask_by_body, ask_by_url, ask_for_children, check_parent
from .pipeline import Pipeline, Session

FORMATS = (Format.JSON, Format.CSV)


async def read_aggregate(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Answer:
    """Answer `GET /users/aggregate/`."""
    asked = ask_by_url(pipeline, table, request, session, below="aggregate/")
    return await _answer(pipeline, asked)


async def read_queried_aggregate(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Answer:
    """Answer `POST /users/aggregate/query/`."""
    return await _answer(pipeline, ask_by_body(pipeline, table, request, session))


async def read_children_aggregate(
    pipeline: Pipeline, table: Table, relation: Relation, request: Request, session: Session = None
) -> Answer:
    """Answer `GET /teams/{id}/players/aggregate/`."""
    asked = ask_for_children(pipeline, table, relation, request, session, below="aggregate/")
    return await _answer(pipeline, asked)


async def _answer(pipeline: Pipeline, asked: ListRequest) -> Answer:
    plan = plan_aggregate(pipeline.catalog, asked.table, asked.parameters, asked.parent)
    format_ = choose_format(asked.request.header(b"accept"), FORMATS)
    found = await _read_groups(pipeline, plan, asked)
    rows, has_more = found[: plan.limit], len(found) > plan.limit
    encoder = GroupEncoder(plan.shape.answered)
    bounds = Bounds(plan.skip, plan.limit, None, has_more)
    links = link_pages(asked.address, bounds, exact=False) if asked.address else ()
    if format_ is Format.CSV:
        escapes = plan.shape.table.resource.escape_formulas
        sheet = Sheet(encoder.names, encoder.times, escape_formulas=escapes)
        return answer_sheet(_write_sheet(sheet, encoder, rows), links)
    return answer_groups(_write_array(encoder, rows), bounds, links)


@encoding
def _write_array(encoder: GroupEncoder, rows: Sequence[Row]) -> bytes:
    return encoder.encode_many(rows)


@encoding
def _write_sheet(sheet: Sheet, encoder: GroupEncoder, rows: Sequence[Row]) -> bytes:
    return sheet.header + sheet.write(encoder.encode_lines(rows))


async def _read_groups(
    pipeline: Pipeline, plan: AggregatePlan, asked: ListRequest
) -> Sequence[Row]:
    """Read the groups of a page, and one more if there is one.

    Raises:
        InvalidRequest: A sum exceeds the numbers of the database or of responses, or the database
            does not know the time zone.
        NotFound: The parent row does not exist.
    """
    statement = pipeline.statements.of(plan.shape)
    try:
        async with pipeline.reading(asked.session, statement, asked.request.caller) as lane:
            found = await lane.fetch(statement, plan.values)
            # Without groups, there is one item even for no rows.
            if not found or not plan.shape.groups:
                await check_parent(pipeline, lane, asked.parent)
    except ConstraintViolation as error:
        _explain(pipeline, error, plan)
        raise
    _check_sums(plan.shape, found)
    return found


def _explain(pipeline: Pipeline, error: ConstraintViolation, plan: AggregatePlan) -> None:
    """Explain an error of the database in computing an aggregate.

    Raises:
        InvalidRequest: The request has caused it.
    """
    if error.kind is Constraint.RANGE:
        raise _beyond() from error
    if ZONE in plan.values and pipeline.database.sql_dialect.sums.has_zones:
        message = "is a time zone that the database does not know"
        violation = Violation(message, "invalid_value", parameter=ZONE)
        raise InvalidRequest(violation) from error


def _check_sums(shape: AggregateShape, rows: Sequence[Row]) -> None:
    """Check that all sums can be shown: those of the database may be larger."""
    added = [i for i, told in enumerate(shape.answered) if isinstance(told, Measure) and told.adds]
    if any(isinstance(row[i], Unreadable) for i in added for row in rows):
        raise _beyond()


def _beyond() -> InvalidRequest:
    message = "a sum is beyond the numbers of the database"
    return InvalidRequest(Violation(message, "out_of_range", parameter="measures"))
