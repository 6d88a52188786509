"""Parameters and responses of history, reads as of an instant, and reverts."""

from __future__ import annotations

from ..plan.reading.history import keeps_history
from .context import Subject
from .parameters import Parameters, describe_parameter, page_parameters, recall_parameters
from .values import INTEGER, JSONSchema

_AS_OF = (
    "The instant as of which to show the row, by the log of changes; includes are not shown then."
)
_ANY: JSONSchema = {"description": "Any value of the field; null where there was none."}


def as_of_parameter(subject: Subject) -> Parameters:
    """Describe the instant as of which to read a row, where the resource keeps its history."""
    if not keeps_history(subject.table):
        return []
    schema: JSONSchema = {"type": "string", "format": "date-time"}
    return [
        subject.components.refer(
            "parameters",
            "as_of",
            lambda: describe_parameter("as_of", schema, _AS_OF, "2026-11-01T00:00:00Z"),
        )
    ]


def history_parameters(subject: Subject) -> Parameters:
    """Describe the parameters of a page of changes."""
    return [*page_parameters(subject), *recall_parameters(subject)]


def change_parameter(_subject: Subject) -> Parameters:
    """Describe the number of a change in a path."""
    return [{"name": "change_number", "in": "path", "required": True, "schema": INTEGER}]


def history_schema(subject: Subject) -> JSONSchema:
    """Return the schema of a page of changes, newest first."""
    components = subject.components
    difference = {
        "title": "Difference",
        "type": "object",
        "required": ["old", "new"],
        "properties": {"old": _ANY, "new": _ANY},
    }
    change = {
        "title": "Change",
        "type": "object",
        "required": ["number", "at", "operation", "by", "changed"],
        "properties": {
            "number": INTEGER,
            "at": {"type": "string", "format": "date-time"},
            "operation": {"type": "string", "enum": ["create", "update", "delete"]},
            "by": {"description": "The key of the caller; null where none is known."},
            "changed": {
                "type": "object",
                "additionalProperties": components.refer(
                    "schemas", "Difference", lambda: difference
                ),
            },
        },
    }
    cursor: JSONSchema = {"type": ["string", "null"]}
    schema = {
        "title": "HistoryPage",
        "type": "object",
        "required": ["items", "limit", "next", "previous"],
        "properties": {
            "items": {
                "type": "array",
                "items": components.refer("schemas", "Change", lambda: change),
            },
            "limit": INTEGER,
            "next": cursor,
            "previous": cursor,
        },
    }
    return components.refer("schemas", "HistoryPage", lambda: schema)
