"""Responses of operations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..errors import (
    MAX_ERRORS,
    AlreadyExists,
    Answered,
    Forbidden,
    InvalidRequest,
    NoLongerKept,
    NotAcceptable,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    RequestError,
    StillReferenced,
    TooManyAffected,
    Violation,
)
from ..respond.problem import PROBLEM as MEDIA_TYPE
from ..respond.problem import answer_problem
from ..respond.statuses import title_of
from .bodies import row_schema
from .components import Components
from .context import Subject
from .headers import answer_headers
from .values import INTEGER, JSONSchema

PROBLEM: JSONSchema = {
    "title": "Problem",
    "description": "A problem document (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "A stable name for what happened."},
        "detail": {"type": "string", "description": "One sentence for a person."},
        "errors": {
            "type": "array",
            "maxItems": MAX_ERRORS,
            "items": {"$ref": "#/components/schemas/ProblemError"},
        },
        "more_errors": {
            "type": "integer",
            "minimum": 1,
            "description": "The number of further errors, which are not listed.",
        },
    },
}
PROBLEM_ERROR: JSONSchema = {
    "title": "ProblemError",
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON Pointer into the body."},
        "parameter": {"type": "string", "description": "Query or path parameter."},
        "position": {"type": "integer", "description": "Character, from 0."},
        "code": {"type": "string"},
        "message": {"type": "string"},
    },
}

_TAKEN = "Name already exists"

_EXAMPLES: tuple[RequestError, ...] = (
    AlreadyExists(_TAKEN, [Violation(_TAKEN, AlreadyExists.code, pointer="/name")]),
    TooManyAffected("12 rows match, and at most 10 may be affected"),
    Answered(401, "Not authenticated"),
    Forbidden("You may not change this row"),
    NotFound("Row not found"),
    NotAcceptable("Accept one of application/json, text/csv"),
    StillReferenced("The row is still referenced by other rows"),
    NoLongerKept("Changes before 120 are no longer kept"),
    PreconditionFailed("The row has changed; read it again for its ETag"),
    InvalidRequest(Violation("is required", "missing", pointer="/name")),
    PreconditionRequired("Send the ETag of the row that you change as If-Match"),
)
"""Errors that stand for those of their statuses."""


def problem_schema(components: Components) -> JSONSchema:
    """Return the schema of a problem document."""
    components.refer("schemas", "ProblemError", lambda: PROBLEM_ERROR)
    return components.refer("schemas", "Problem", lambda: PROBLEM)


def describe_problems(components: Components, statuses: Iterable[int]) -> dict[str, JSONSchema]:
    """Describe the problem responses of an operation, by status.

    Every operation may also fail in ways that are common to all: a malformed request (405, 406,
    413, 415), an unavailable database (503), a timeout (504), or an unexpected error (500).
    """
    found = {
        str(status): components.refer(
            "responses",
            f"Problem{status}",
            lambda status=status: _describe_status(components, status),  # type: ignore[misc]
        )
        for status in sorted(statuses)
    }
    rest = (
        "Any other problem: 405, 406, 413 or 415 as for every request, 503 while the database does "
        "not answer, 504 where something takes too long, 500 otherwise."
    )
    others = components.refer(
        "responses", "Problem", lambda: _describe_problem(components, rest, "Retry-After")
    )
    return {**found, "default": others}


def _describe_status(components: Components, status: int) -> JSONSchema:
    """Describe the problems of one status, with an example as the service answers it."""
    described = _describe_problem(components, title_of(status))
    answers = (answer_problem(e, conflict_status=components.conflict_status) for e in _EXAMPLES)
    example = next((answer.body for answer in answers if answer.status == status), None)
    if example is not None:
        content: dict[str, Any] = described["content"][MEDIA_TYPE]
        content["example"] = json.loads(example)
    return described


def _describe_problem(components: Components, text: str, *headers: str) -> JSONSchema:
    return {
        "description": text,
        "headers": answer_headers(components, "X-Request-ID", *headers),
        "content": {MEDIA_TYPE: {"schema": problem_schema(components)}},
    }


def page_schema(subject: Subject) -> JSONSchema:
    """Return the schema of a page of a list.

    A page by offset has `skip` and `total`; a page by cursor has `next` and `previous`. Both share
    one schema, so that typed clients need not distinguish the two.
    """
    schema = {
        "title": f"{subject.name}Page",
        "type": "object",
        "required": ["items", "limit"],
        "properties": {
            "items": {"type": "array", "items": row_schema(subject)},
            "limit": INTEGER,
            "skip": INTEGER,
            "total": {"type": ["integer", "null"]},
            "total_is_estimate": {"type": "boolean"},
            "next": {"type": ["string", "null"]},
            "previous": {"type": ["string", "null"]},
        },
    }
    return subject.components.refer("schemas", f"{subject.name}Page", lambda: schema)


def affected_schema(subject: Subject) -> JSONSchema:
    """Return the schema of the number of rows that a mass write has affected."""
    schema = {
        "title": "Affected",
        "type": "object",
        "required": ["affected"],
        "properties": {"affected": INTEGER},
    }
    return subject.components.refer("schemas", "Affected", lambda: schema)


def outcomes_schema(subject: Subject, *, has_items: bool) -> JSONSchema:
    """Return the schema of the response to a bulk write that is not atomic.

    Args:
        subject: The resource.
        has_items: Whether the response shows the written rows; that to a delete does not.
    """
    name = f"{subject.name}Outcomes" if has_items else "RemovalOutcomes"
    item: JSONSchema = {"item": row_schema(subject)} if has_items else {}
    outcome = {
        "title": name.removesuffix("s"),
        "type": "object",
        "required": ["status"],
        "properties": {"status": INTEGER, **item, "problem": problem_schema(subject.components)},
    }
    schema = {
        "title": name,
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": outcome}},
    }
    return subject.components.refer("schemas", name, lambda: schema)
