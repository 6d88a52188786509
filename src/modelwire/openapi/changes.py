"""Parameters and responses of following changes."""

from __future__ import annotations

from functools import partial

from ..plan.reading.following import AFTER, DEFAULT_LIMIT, MAX_LIMIT, MAX_WAIT_S
from .bodies import row_schema
from .context import Subject
from .headers import place_header
from .parameters import (
    Parameters,
    condition_parameters,
    describe_parameter,
    fields_parameter,
    search_parameters,
)
from .values import INTEGER, POSITION, TEXT, JSONSchema, value_schema

_AFTER = (
    "The number of a change; the changes after it are returned. Without it, a page begins with the "
    "oldest change that is kept, and a stream of events with the next one."
)


def follow_parameters(subject: Subject) -> Parameters:
    """Describe the parameters of following the changes of rows."""
    after = partial(describe_parameter, AFTER, POSITION, _AFTER, 0)
    limit_schema = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    limit_text = "Changes to examine for a page, at most."
    limit = partial(describe_parameter, "limit", limit_schema, limit_text, DEFAULT_LIMIT)
    wait_schema = {"type": "integer", "minimum": 0, "maximum": MAX_WAIT_S}
    wait_text = "Seconds to wait for a change where there is none yet; 0 by default."
    wait = partial(describe_parameter, "wait", wait_schema, wait_text, 20)
    refer = subject.components.refer
    return [
        refer("parameters", "after", after),
        refer("parameters", "wait", wait),
        refer("parameters", "limit-of-changes", limit),
        *fields_parameter(subject),
        *search_parameters(subject),
        *condition_parameters(subject, taken=(AFTER, "wait"), own_only=True),
        *place_header(subject.components),
    ]


def changes_schema(subject: Subject) -> JSONSchema:
    """Return the schema of a page of changes."""
    key = value_schema(subject.table.key[0]) if len(subject.table.key) == 1 else TEXT
    change = {
        "title": f"{subject.name}Change",
        "type": "object",
        "required": ["number", "at", "operation", "key"],
        "properties": {
            "number": INTEGER,
            "at": {"type": "string", "format": "date-time"},
            "operation": {"type": "string", "enum": ["create", "update", "delete"]},
            "key": key,
            "item": row_schema(subject),
        },
    }
    schema = {
        "title": f"{subject.name}Changes",
        "type": "object",
        "required": ["items", "next"],
        "properties": {"items": {"type": "array", "items": change}, "next": INTEGER},
    }
    return subject.components.refer("schemas", f"{subject.name}Changes", lambda: schema)
