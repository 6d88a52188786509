"""Operation of batches."""

from __future__ import annotations

from collections.abc import Callable

from ..request.batch import HEADERS, METHODS
from ..request.references import NAME
from .answers import describe_problems
from .components import Components
from .headers import answer_headers, idempotency_header, prefer_header
from .values import INTEGER, TEXT, JSONSchema

_TEXT = (
    "Several requests to the resources of this service, in one transaction: all are carried out, "
    "in their order, or none. A request refers to a value of an earlier response by "
    f'`{{"{NAME}": "0.id"}}` in a body, and by `{{0.id}}` in a path. If one is refused, the '
    "response is its problem, with pointers below the position of the request."
)


def compose_batch(shared: Callable[[], Components], limit: int) -> JSONSchema:
    """Compose the operation of batches.

    Args:
        shared: Returns the components that operations share.
        limit: The most requests that a batch may have.
    """
    components = shared()
    parameters = [*prefer_header(components), *idempotency_header(components)]
    body = components.refer("schemas", "Batch", lambda: _batch(components, limit))
    answers = components.refer("schemas", "BatchAnswers", lambda: _answers(components))
    success = {
        "description": "OK",
        "headers": answer_headers(components, "Idempotency-Replayed"),
        "content": {"application/json": {"schema": answers}},
    }
    problems = describe_problems(components, (400, 403, 404, 409, 412, 422, 428))
    return {
        "summary": "Several requests at once",
        "description": _TEXT,
        "parameters": parameters,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"200": success, **problems},
    }


def _batch(components: Components, limit: int) -> JSONSchema:
    request = components.refer("schemas", "BatchedRequest", lambda: _REQUEST)
    return {
        "title": "Batch",
        "type": "object",
        "required": ["requests"],
        "additionalProperties": False,
        "properties": {"requests": {"type": "array", "maxItems": limit, "items": request}},
    }


def _answers(components: Components) -> JSONSchema:
    answer = components.refer("schemas", "BatchAnswer", lambda: _ANSWER)
    return {
        "title": "BatchAnswers",
        "type": "object",
        "required": ["responses"],
        "properties": {"responses": {"type": "array", "items": answer}},
    }


_REQUEST: JSONSchema = {
    "title": "BatchedRequest",
    "type": "object",
    "required": ["method", "path"],
    "additionalProperties": False,
    "properties": {
        "method": {"type": "string", "enum": list(METHODS)},
        "path": {
            "type": "string",
            "description": "The path and the query, as in a request of its own.",
        },
        "headers": {
            "type": "object",
            "additionalProperties": False,
            "properties": dict.fromkeys(HEADERS, TEXT),
        },
        "body": {"description": "The body, as in a request of its own."},
    },
}
_ANSWER: JSONSchema = {
    "title": "BatchAnswer",
    "type": "object",
    "required": ["status", "headers"],
    "properties": {
        "status": INTEGER,
        "headers": {"type": "object", "additionalProperties": TEXT},
        "body": {"description": "The body, as in an answer of its own; absent where it has none."},
    },
}
