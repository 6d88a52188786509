"""The routes of a resource: the one table of what is served under which method and path."""

from __future__ import annotations

from typing import Any

from ..openapi import (
    atomic_parameter,
    bulk_schema,
    bulk_update_schema,
    cache_header,
    child_schema,
    conditional_headers,
    conflict_parameter,
    create_schema,
    each_schema,
    filter_parameters,
    idempotency_header,
    keys_schema,
    list_parameters,
    mass_header,
    page_schema,
    prefer_header,
    read_parameters,
    shown_schema,
    stored_schema,
    stream_header,
    stream_parameters,
    update_schema,
)
from .descriptions import (
    Outcomes,
    Parameters,
    Place,
    Route,
    describe_includes,
    describe_query_body,
    no_parameters,
)

_BODY = (413, 415, 422, 503)
_WRITE = (400, *_BODY)
_CONDITIONAL = (412, 428)
_TEXT = {"schema": {"type": "string"}}


def _other_formats(_place: Place) -> dict[str, Any]:
    media_types = ("application/x-ndjson", "application/jsonl", "text/csv")
    return {"responses": {"200": {"content": dict.fromkeys(media_types, _TEXT)}}}


def _not_modified(_place: Place) -> dict[str, Any]:
    return {"responses": {"304": {"description": "Not Modified"}}}


def _lists(place: Place) -> Parameters:
    return list_parameters(place.target, place.catalog)


def _reading(place: Place) -> Parameters:
    return [*read_parameters(place.table, place.catalog), *cache_header()]


def _streaming(place: Place) -> Parameters:
    return [*stream_parameters(place.table, place.catalog), *stream_header()]


def _creating(place: Place) -> Parameters:
    return [*describe_includes(place), *prefer_header(), *idempotency_header()]


def _creating_many(place: Place) -> Parameters:
    conflict = conflict_parameter(place.table)
    headers = [*prefer_header(resolves=bool(conflict)), *idempotency_header()]
    return [*describe_includes(place), *conflict, *atomic_parameter(), *headers]


def _updating(place: Place) -> Parameters:
    return [*describe_includes(place), *prefer_header(), *conditional_headers(place.table)]


def _updating_many(place: Place) -> Parameters:
    return [*_creating(place), *atomic_parameter()]


def _patching(place: Place) -> Parameters:
    return [*_updating(place), *idempotency_header()]


def _removing(place: Place) -> Parameters:
    return conditional_headers(place.table)


def _mass_patching(place: Place) -> Parameters:
    return [*_mass(place), *idempotency_header()]


def _mass(place: Place) -> Parameters:
    return [*filter_parameters(place.table, place.catalog), *mass_header()]


def _stored(place: Place) -> Any:
    return stored_schema(place.target, place.catalog)


def _stored_rows(place: Place) -> Any:
    return list[stored_schema(place.target, place.catalog)]  # type: ignore[misc]


def _shown_rows(place: Place) -> Any:
    return list[shown_schema(place.table, place.catalog)]  # type: ignore[misc]


def _row_or_none(_place: Place) -> Outcomes:
    return {204: None}


def _each_created(place: Place) -> Outcomes:
    """What else a bulk create answers: where it is an upsert, where each row is for itself."""
    upserted = {200: _stored_rows(place)} if conflict_parameter(place.table) else {}
    return {**upserted, 204: None, 207: each_schema(place.table, _stored(place))}


def _each_updated(place: Place) -> Outcomes:
    return {204: None, 207: each_schema(place.table, _stored(place))}


def _each_deleted(place: Place) -> Outcomes:
    return {207: each_schema(place.table, None)}


def _page(place: Place) -> Any:
    return page_schema(place.target, place.catalog)


def _update(place: Place) -> Any:
    return update_schema(place.table, place.catalog)


ROUTES: tuple[Route, ...] = (
    Route(
        "list", "GET", "read_page", "/", "List {rows}",
        "One page of the rows that match, in a total order, and how many there are. Filters by one "
        "relation are listed; those by more are written alike, as in `a.b.field__op`.",
        (422, 503), 200, None, _page, _lists,
    ),
    Route(
        "list", "POST", "read_queried_page", "/query/", "Query {rows}",
        "One page of the rows that match a query that is too long for a URL.",
        _BODY, 200, None, _page, no_parameters, details=describe_query_body,
    ),
    Route(
        "create", "POST", "create", "/", "Create {row}",
        "Stores a row. What is answered is committed.",
        (*_WRITE, 409), 201, lambda p: create_schema(p.table, p.catalog), _stored, _creating,
    ),
    Route(
        "bulk_update", "PATCH", "mass_update", "/", "Patch all {rows} that match",
        "Merges one patch into every row that matches the filters, if they are not more than "
        "`Prefer: max-affected` allows.",
        (*_WRITE, 409, *_CONDITIONAL), 200, lambda p: p.table.schemas.update,
        lambda _: dict[str, int], _mass_patching, _row_or_none, guards=("update",),
    ),
    Route(
        "bulk_delete", "DELETE", "mass_delete", "/", "Delete all {rows} that match",
        "Deletes every row that matches the filters, if they are not more than "
        "`Prefer: max-affected` allows.",
        (400, 409, 422, 503, *_CONDITIONAL), 200, None,
        lambda _: dict[str, int], _mass, _row_or_none, guards=("delete",),
    ),
    Route(
        "bulk_create", "POST", "bulk_create", "/bulk/", "Create many {rows}",
        "Stores all of the rows or none, and answers them in the order sent. With `on_conflict`, "
        "rows that are there already under that key are merged with those sent, or left alone.",
        (*_WRITE, 409, *_CONDITIONAL), 201, lambda p: bulk_schema(p.table, p.catalog),
        _stored_rows, _creating_many, _each_created, guards=("create",),
    ),
    Route(
        "bulk_update", "PATCH", "bulk_update", "/bulk/", "Patch many {rows}",
        "Merges a patch into each of the rows or into none. Each patch holds the key of its row.",
        (*_WRITE, 404, 409, *_CONDITIONAL), 200,
        lambda p: bulk_update_schema(p.table, p.catalog), _stored_rows, _updating_many,
        _each_updated, guards=("update",),
    ),
    Route(
        "bulk_delete", "DELETE", "bulk_delete", "/bulk/", "Delete many {rows}",
        "Deletes all of the rows with some keys, or none.",
        (404, 409, *_BODY, *_CONDITIONAL), 204, lambda p: keys_schema(p.table), None,
        lambda _: atomic_parameter(), _each_deleted, guards=("delete",),
    ),
    Route(
        "stream", "GET", "stream", "/stream/", "Stream {rows}",
        "Every row that matches, as a JSON array or, by `Accept`, as JSON lines or CSV.",
        (406, 422, 503), 200, None, _shown_rows,
        _streaming, details=_other_formats,
        guards=("list",),
    ),
    Route(
        "read", "GET", "read", "/{key}", "Read {row}",
        "One row by its key. `If-None-Match` with its `ETag` is answered 304 while it is the same.",
        (404, 422, 503), 200, None, lambda p: shown_schema(p.table, p.catalog),
        _reading, details=_not_modified,
    ),
    Route(
        "update", "PUT", "put", "/{key}", "Update {row}",
        "Writes the fields that are given. One that is absent or null is left alone.",
        (*_WRITE, 404, 409, *_CONDITIONAL), 200, _update, _stored, _updating,
        _row_or_none,
    ),
    Route(
        "update", "PATCH", "patch", "/{key}", "Patch {row}",
        "Merges a JSON Merge Patch (RFC 7396): null clears a field that may be null.",
        (*_WRITE, 404, 409, *_CONDITIONAL), 200, _update, _stored, _patching,
        _row_or_none,
    ),
    Route(
        "delete", "DELETE", "delete", "/{key}", "Delete {row}",
        "Deletes a row and what the model declares to go with it; 409 if others still refer to it.",
        (404, 409, 422, 503, *_CONDITIONAL), 204, None, None, _removing,
    ),
)  # fmt: skip

CHILDREN: tuple[Route, ...] = (
    Route(
        "read", "GET", "read_children", "/{key}/{relation}/", "List {rows} of {row}",
        "One page of the rows that belong to a row, and match, in a total order.",
        (404, 422, 503), 200, None, _page, _lists, target_operation="list",
    ),
    Route(
        "read", "POST", "create_child", "/{key}/{relation}/", "Create {rows} of {row}",
        "Stores a row that belongs to another one.",
        (*_WRITE, 404, 409), 201,
        lambda p: child_schema(p.table, p.relation, p.catalog), _stored, _creating,
        target_operation="create",
    ),
)  # fmt: skip
"""What is served below a row for a relation to many rows."""

LINKS: tuple[Route, ...] = (
    Route(
        "update", "PUT", "link", "/{key}/{relation}/{other}", "Link {rows} to {row}",
        "Links two rows; if they are linked already, they stay so.",
        (404, 422, 503, *_CONDITIONAL), 204, None, None, _removing,
    ),
    Route(
        "update", "DELETE", "unlink", "/{key}/{relation}/{other}", "Unlink {rows} from {row}",
        "Takes the link between two rows away; if there is none, nothing changes.",
        (404, 422, 503, *_CONDITIONAL), 204, None, None, _removing,
    ),
)  # fmt: skip
"""What is served below a row for a many-to-many relation."""
