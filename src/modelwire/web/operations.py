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
    include_parameter,
    list_parameters,
    page_schema,
    shown_schema,
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
    parameters: Callable[[Table], list[dict[str, Any]]] = include_parameter


_BODY_ERRORS = (413, 415, 422, 503)

ROUTES: tuple[Route, ...] = (
    Route(
        "list", "GET", "read_page", "/", "List {rows}",
        "One page of the rows that match, in a total order, and how many match.",
        (422, 503), 200, None, page_schema, list_parameters,
    ),
    Route(
        "create", "POST", "create", "/", "Create {row}",
        "Stores a row. What is answered is committed.",
        (400, *_BODY_ERRORS), 201, lambda table: table.schemas.create, shown_schema,
    ),
    Route(
        "bulk_create", "POST", "bulk_create", "/bulk/", "Create many {rows}",
        "Stores all of the rows or none, and answers them in the order sent.",
        (400, *_BODY_ERRORS), 201, bulk_schema,
        lambda table, _: list[table.schemas.read], lambda _: [],  # type: ignore[name-defined]
    ),
    Route(
        "stream", "GET", "stream", "/stream/", "Stream {rows}",
        "Every row that matches, as a JSON array or, by `Accept`, as JSON lines.",
        (422, 503), 200, None,
        lambda table, catalog: list[shown_schema(table, catalog)],  # type: ignore[misc]
        stream_parameters,
    ),
    Route(
        "read", "GET", "read", "/{key}", "Read {row}",
        "One row by its key. `If-None-Match` with its `ETag` is answered 304 while it is the same.",
        (404, 422, 503), 200, None, shown_schema,
    ),
    Route(
        "update", "PUT", "put", "/{key}", "Update {row}",
        "Writes the fields that are given. One that is absent or null is left alone.",
        (400, 404, 409, *_BODY_ERRORS), 200, lambda table: table.schemas.update, shown_schema,
    ),
    Route(
        "update", "PATCH", "patch", "/{key}", "Patch {row}",
        "Merges a JSON Merge Patch (RFC 7396): null clears a field that may be null.",
        (400, 404, 409, *_BODY_ERRORS), 200, lambda table: table.schemas.update, shown_schema,
    ),
    Route(
        "delete", "DELETE", "delete", "/{key}", "Delete {row}",
        "Deletes a row and what the model declares to go with it; 409 if others still refer to it.",
        (404, 409, 422, 503), 204, None, None, lambda _: [],
    ),
)  # fmt: skip


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
