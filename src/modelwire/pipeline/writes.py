"""Requests that write, each on one screen: parse, plan, and the kind of response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from ..access.policy import Action
from ..catalog.relation import Relation
from ..catalog.tables import Table
from ..errors import PreconditionFailed, PreconditionRequired
from ..execute.connect.lane import Row
from ..execute.write.context import Check
from ..plan.parent import plan_parent
from ..plan.reading.plans import plan_includes
from ..plan.reading.query import refuse_parameters
from ..plan.writing.batches import Batch, read_batch
from ..plan.writing.create import plan_bulk_create, plan_child, plan_create
from ..plan.writing.delete import plan_bulk_delete, plan_delete
from ..plan.writing.each import RowPlan, plan_each
from ..plan.writing.links import plan_link
from ..plan.writing.mark import plan_restore
from ..plan.writing.mass import MassPlan, plan_mass
from ..plan.writing.options import (
    BulkOptions,
    Resolution,
    choose_resolution,
    plan_options,
)
from ..plan.writing.plans import EachPlan, MassDelete, MassUpdate
from ..plan.writing.update import plan_bulk_update, plan_change, plan_update
from ..plan.writing.upsert import plan_upsert
from ..request.headers import parse_max_affected, parse_preconditions, parse_prefer
from ..request.request import Request
from ..respond.answer import Answer, check_preconditions
from ..shape.parts import Lock
from .answers import Affected, Created, Each, Gone, Rows, Updated
from .encoding import tagged
from .pipeline import Pipeline, Session, parse_body
from .transaction import transact
from .write import Write


def create(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Awaitable[Answer]:
    """Answer `POST /users/`."""
    includes = plan_includes(pipeline.catalog, table, request.query_string)
    body, dialect = parse_body(request), pipeline.database.sql_dialect
    plan = plan_create(pipeline.catalog, table, body, dialect)
    return transact(pipeline, Write(plan, Created(table, includes)), request, session)


def create_child(
    pipeline: Pipeline, table: Table, relation: Relation, request: Request, session: Session = None
) -> Awaitable[Answer]:
    """Answer `POST /teams/{id}/players/`."""
    target = pipeline.catalog.target_of(relation)
    includes = plan_includes(pipeline.catalog, target, request.query_string)
    parent = plan_parent(table, relation, request.key)
    body, dialect = parse_body(request), pipeline.database.sql_dialect
    plan = plan_child(pipeline.catalog, parent, body, dialect)
    return transact(pipeline, Write(plan, Created(target, includes)), request, session)


def update(
    pipeline: Pipeline,
    table: Table,
    request: Request,
    session: Session = None,
    *,
    ignore_null: bool,
) -> Awaitable[Answer]:
    """Answer `PUT /users/{id}`, where null leaves a field as it is, or `PATCH /users/{id}`."""
    catalog, dialect = pipeline.catalog, pipeline.database.sql_dialect
    includes = plan_includes(catalog, table, request.query_string)
    body = parse_body(request)
    plan = plan_update(catalog, table, request.key, body, dialect, ignore_null=ignore_null)
    write = Write(plan, Updated(table, includes), check_of_request(table, request))
    return transact(pipeline, write, request, session)


put = partial(update, ignore_null=True)
patch = partial(update, ignore_null=False)


def delete(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Awaitable[Answer]:
    """Answer `DELETE /users/{id}`."""
    refuse_parameters(pipeline.parse_query(request))
    plan = plan_delete(pipeline.catalog, table, request.key, pipeline.database.sql_dialect)
    write = Write(plan, Gone(table), check_of_request(table, request))
    return transact(pipeline, write, request, session)


def restore(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Awaitable[Answer]:
    """Answer `POST /invoices/{id}/restore`."""
    includes = plan_includes(pipeline.catalog, table, request.query_string)
    plan = plan_restore(table, request.key)
    write = Write(plan, Updated(table, includes), check_of_request(table, request))
    return transact(pipeline, write, request, session)


def link(
    pipeline: Pipeline, table: Table, relation: Relation, request: Request, session: Session = None
) -> Awaitable[Answer]:
    """Answer `PUT /groups/{id}/members/{key}`."""
    return _link(pipeline, table, relation, request, session, removes=False)


def unlink(
    pipeline: Pipeline, table: Table, relation: Relation, request: Request, session: Session = None
) -> Awaitable[Answer]:
    """Answer `DELETE /groups/{id}/members/{key}`."""
    return _link(pipeline, table, relation, request, session, removes=True)


def _link(
    pipeline: Pipeline,
    table: Table,
    relation: Relation,
    request: Request,
    session: Session,
    *,
    removes: bool,
) -> Awaitable[Answer]:
    refuse_parameters(pipeline.parse_query(request))
    plan = plan_link(pipeline.catalog, table, relation, request.keys, removes=removes)
    write = Write(plan, Gone(table), check_of_request(table, request))
    return transact(pipeline, write, request, session)


def bulk_create(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Awaitable[Answer]:
    """Answer `POST /users/bulk/`; with `?on_conflict=…`, existing rows are merged."""
    options = _plan_options(pipeline, table, request, "include", "atomic", "on_conflict")
    dialect = pipeline.database.sql_dialect
    plan: Callable[[Batch], RowPlan]
    if options.key is None:
        plan = partial(plan_bulk_create, pipeline.catalog, table, dialect=dialect)
        rows = Rows(table, options.includes, status=201)
    else:
        resolution = choose_resolution(parse_prefer(request.header(b"prefer")).get("resolution"))
        if resolution is Resolution.MERGE:
            _refuse_conditions(table, request)
        plan = partial(plan_upsert, table, dialect, options.key, resolution, request.caller)
        applied = ((b"preference-applied", f"resolution={resolution}".encode()),)
        rows = Rows(table, options.includes, status=200, applied=applied)
    return _write_batch(pipeline, request, session, options, plan, rows)


def bulk_update(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Awaitable[Answer]:
    """Answer `PATCH /users/bulk/`."""
    options = _plan_options(pipeline, table, request, "include", "atomic")
    _refuse_conditions(table, request)
    catalog, dialect = pipeline.catalog, pipeline.database.sql_dialect
    plan = partial(plan_bulk_update, catalog, table, dialect=dialect)
    rows = Rows(table, options.includes, status=200)
    return _write_batch(pipeline, request, session, options, plan, rows)


def bulk_delete(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Awaitable[Answer]:
    """Answer `DELETE /users/bulk/`."""
    options = _plan_options(pipeline, table, request, "atomic")
    _refuse_conditions(table, request)
    plan = partial(plan_bulk_delete, table)
    return _write_batch(pipeline, request, session, options, plan, Gone(table))


def mass_update(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Awaitable[Answer]:
    """Answer `PATCH /users/?…`."""
    found, limit = _plan_mass(pipeline, table, request, Lock.CHANGE, "update")
    body, dialect = parse_body(request), pipeline.database.sql_dialect
    change = plan_change(pipeline.catalog, table, body, dialect)
    write = Write(MassUpdate(found, change, limit), Affected(table, limit=limit))
    return transact(pipeline, write, request, session)


def mass_delete(
    pipeline: Pipeline, table: Table, request: Request, session: Session = None
) -> Awaitable[Answer]:
    """Answer `DELETE /users/?…`."""
    found, limit = _plan_mass(pipeline, table, request, Lock.REMOVE, "delete")
    write = Write(MassDelete(found, limit), Affected(table, limit=limit))
    return transact(pipeline, write, request, session)


def _write_batch(
    pipeline: Pipeline,
    request: Request,
    session: Session,
    options: BulkOptions,
    plan_rows: Callable[[Batch], RowPlan],
    reply: Rows | Gone,
) -> Awaitable[Answer]:
    """Write the rows of a bulk request, atomically or each by itself."""
    table, noun = reply.table, "keys" if isinstance(reply, Gone) else "rows"
    batch = read_batch(table, parse_body(request), noun)
    if options.atomic:
        return transact(pipeline, Write(plan_rows(batch), reply), request, session)
    each = Each(table, reply.includes, reply.status, reply.applied)
    write = Write(EachPlan(table, plan_each(batch, plan_rows), batch.pointers), each)
    return transact(pipeline, write, request, session)


def _plan_options(pipeline: Pipeline, table: Table, request: Request, *known: str) -> BulkOptions:
    return plan_options(pipeline.catalog, table, pipeline.parse_query(request), *known)


def _plan_mass(
    pipeline: Pipeline, table: Table, request: Request, lock: Lock, action: Action
) -> tuple[MassPlan, int]:
    """Plan the selection of affected rows, and read the client's limit on their number.

    Raises:
        PreconditionRequired: The request lacks a filter, or the limit.
    """
    plan = plan_mass(pipeline.catalog, table, pipeline.parse_query(request), lock, action)
    _refuse_conditions(table, request)
    limit = parse_max_affected(request.header(b"prefer"))
    if not plan.shape.conditions:
        raise PreconditionRequired("Select the rows by a filter")
    if limit is None:
        raise PreconditionRequired("Limit the number of affected rows by Prefer: max-affected=N")
    return plan, limit


def _refuse_conditions(table: Table, request: Request) -> None:
    """Refuse preconditions that only apply to a single row.

    Raises:
        PreconditionRequired: The resource requires `If-Match`.
        PreconditionFailed: The request has `If-Match`, which many rows can't match.
    """
    if table.resource.require_if_match:
        raise PreconditionRequired("A change must name the ETag of its row: change one at a time")
    if request.header(b"if-match") is not None:
        raise PreconditionFailed("If-Match can be compared with one row only: change one at a time")


def check_of(table: Table, if_match: str | None, if_none_match: str | None) -> Check | None:
    """Return the check of a row by the preconditions of a request, before it is changed.

    Args:
        table: The resource. If it requires `If-Match`, and the header is absent, the check refuses
            every row; it only runs on rows that exist and that the caller may change.
        if_match: The `If-Match` header.
        if_none_match: The `If-None-Match` header.
    """
    if if_match is None and table.resource.require_if_match:
        return _require_if_match
    if if_match is None and if_none_match is None:
        return None
    conditions = parse_preconditions(if_match, if_none_match)
    return lambda row: check_preconditions(conditions, tagged(table, row))


_CONDITIONS = (b"if-match", b"if-none-match")


def check_of_request(table: Table, request: Request) -> Check | None:
    """Return the check of a row by the headers of a request."""
    if request.headers.keys().isdisjoint(_CONDITIONS) and not table.resource.require_if_match:
        return None
    return check_of(table, request.header(b"if-match"), request.header(b"if-none-match"))


def _require_if_match(_row: Row) -> None:
    raise PreconditionRequired("Send the ETag of the row that you change as If-Match")
