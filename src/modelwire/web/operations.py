"""The routes of a resource: the one table of what is served under which method and path."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Request

from ..catalog import Catalog, Table
from ..openapi import (
    bulk_schema,
    include_parameters,
    list_parameters,
    page_schema,
    query_body,
    read_parameters,
    shown_schema,
    stored_schema,
    stream_parameters,
)
from ..resource import Operation


@dataclass(frozen=True)
class Route:
    """One route of a resource.

    Args:
        operation: The operation that it belongs to.
        method: Its method.
        name: The pipeline's method that serves it, and the start of its operation id.
        path: Its path below the resource's; `{key}` stands for the key.
        summary: What the docs page calls it.
        description: What the docs page says about it.
        errors: The statuses of its problems.
        status: The status where all is well.
        body: The schema of its body.
        response: The schema of its answer.
        parameters: The parameters of its query.
        details: What else its description says, beside what follows from the above.
    """

    operation: Operation
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    name: str
    path: str
    summary: str
    description: str
    errors: tuple[int, ...]
    status: int = 200
    body: Callable[[Table], Any] | None = None
    response: Callable[[Table, Catalog], Any] | None = None
    parameters: Callable[[Table, Catalog], list[dict[str, Any]]] = include_parameters
    details: Callable[[Table, Catalog], dict[str, Any]] = lambda _table, _catalog: {}


_BODY_ERRORS = (413, 415, 422, 503)
_TEXT = {"schema": {"type": "string"}}


def _other_formats(_table: Table, _catalog: Catalog) -> dict[str, Any]:
    media_types = ("application/x-ndjson", "application/jsonl", "text/csv")
    return {"responses": {"200": {"content": dict.fromkeys(media_types, _TEXT)}}}


def _not_modified(_table: Table, _catalog: Catalog) -> dict[str, Any]:
    return {"responses": {"304": {"description": "Not Modified"}}}


ROUTES: tuple[Route, ...] = (
    Route(
        "list", "GET", "read_page", "/", "List {rows}",
        "One page of the rows that match, in a total order, and how many there are. Filters by one "
        "relation are listed; those by more are written alike, as in `a.b.field__op`.",
        (422, 503), 200, None, page_schema, list_parameters,
    ),
    Route(
        "list", "POST", "read_queried_page", "/query/", "Query {rows}",
        "One page of the rows that match a query that is too long for a URL.",
        _BODY_ERRORS, 200, None, page_schema, lambda *_: [],
        lambda table, catalog: {"requestBody": query_body(table, catalog)},
    ),
    Route(
        "create", "POST", "create", "/", "Create {row}",
        "Stores a row. What is answered is committed.",
        (400, *_BODY_ERRORS), 201, lambda table: table.schemas.create, stored_schema,
    ),
    Route(
        "bulk_create", "POST", "bulk_create", "/bulk/", "Create many {rows}",
        "Stores all of the rows or none, and answers them in the order sent.",
        (400, *_BODY_ERRORS), 201, bulk_schema,
        lambda table, _: list[table.schemas.read], lambda *_: [],  # type: ignore[name-defined]
    ),
    Route(
        "stream", "GET", "stream", "/stream/", "Stream {rows}",
        "Every row that matches, as a JSON array or, by `Accept`, as JSON lines or CSV.",
        (422, 503), 200, None,
        lambda table, catalog: list[shown_schema(table, catalog)],  # type: ignore[misc]
        stream_parameters, _other_formats,
    ),
    Route(
        "read", "GET", "read", "/{key}", "Read {row}",
        "One row by its key. `If-None-Match` with its `ETag` is answered 304 while it is the same.",
        (404, 422, 503), 200, None, shown_schema, read_parameters, _not_modified,
    ),
    Route(
        "update", "PUT", "put", "/{key}", "Update {row}",
        "Writes the fields that are given. One that is absent or null is left alone.",
        (400, 404, 409, *_BODY_ERRORS), 200, lambda table: table.schemas.update, stored_schema,
    ),
    Route(
        "update", "PATCH", "patch", "/{key}", "Patch {row}",
        "Merges a JSON Merge Patch (RFC 7396): null clears a field that may be null.",
        (400, 404, 409, *_BODY_ERRORS), 200, lambda table: table.schemas.update, stored_schema,
    ),
    Route(
        "delete", "DELETE", "delete", "/{key}", "Delete {row}",
        "Deletes a row and what the model declares to go with it; 409 if others still refer to it.",
        (404, 409, 422, 503), 204, None, None, lambda *_: [],
    ),
)  # fmt: skip

CHILDREN = Route(
    "list",
    "GET",
    "read_children",
    "/{key}/{relation}/",
    "List {rows} of {row}",
    "One page of the rows that belong to a row, and match, in a total order.",
    (404, 422, 503),
    200,
    None,
    page_schema,
    list_parameters,
)
"""The list below a row of a relation to many rows; its table is the relation's target."""


def with_article(words: str) -> str:
    """Put `a` or `an` before some words."""
    return f"{'an' if words[:1] in 'aeio' else 'a'} {words}"


def document_signature(table: Table, route: Route) -> inspect.Signature:
    """The parameters that FastAPI documents for a route: its body."""
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("request", kind, annotation=Request)]
    if route.body is not None:
        parameters.append(inspect.Parameter("body", kind, annotation=route.body(table)))
    return inspect.Signature(parameters)
