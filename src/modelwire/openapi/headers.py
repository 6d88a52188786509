"""The headers of writing operations."""

from __future__ import annotations

from typing import Any

from ..catalog import Table
from ..plan import Resolution
from ..request.headers import IDEMPOTENCY_KEY, MAX_IDEMPOTENCY_KEY
from ..respond.stream import END_MARKER

JSONSchema = dict[str, Any]

_TEXT: JSONSchema = {"type": "string"}


def conditional_headers(table: Table) -> list[JSONSchema]:
    """Describe the condition that a change of a row may state."""
    match = "The `ETag` of the row that is meant; 412 if it has changed since."
    none_match = "An `ETag` that the row must not have; 412 if it has."
    required = table.resource.require_if_match
    return [
        _header("If-Match", _TEXT, match, required=required),
        _header("If-None-Match", _TEXT, none_match),
    ]


def cache_header() -> list[JSONSchema]:
    """Describe the condition under which a row is not sent again."""
    return [
        _header("If-None-Match", _TEXT, "The `ETag` of the row as it is known; 304 if it is so.")
    ]


def stream_header() -> list[JSONSchema]:
    """Describe the preference for a last line that counts the rows."""
    text = f"`{END_MARKER}`: JSON lines and CSV end with the number of rows."
    return [_header("Prefer", _TEXT, text)]


def idempotency_header() -> list[JSONSchema]:
    """Describe the key by which a repeated request is told from a new one."""
    text = "Names the request: the same request under the same key is carried out once."
    schema = {"type": "string", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY}
    return [_header(IDEMPOTENCY_KEY, schema, text)]


def prefer_header(*, resolves: bool = False) -> list[JSONSchema]:
    """Describe the preferences of a write (RFC 7240).

    Args:
        resolves: Whether they say what becomes of rows that are there already.
    """
    text = "`return=minimal`: leave the rows out of the answer."
    if resolves:
        text += f" With `on_conflict`, `resolution={Resolution.MERGE}`, the default: write what was"
        text += f" sent to a row that is there; `resolution={Resolution.IGNORE}`: leave it alone."
    return [_header("Prefer", _TEXT, text)]


def mass_header() -> list[JSONSchema]:
    """Describe the preference without which a change of all rows that match is refused."""
    text = (
        "`max-affected=N`: how many rows may be affected at most. `return=minimal`: answer nothing."
    )
    return [_header("Prefer", _TEXT, text, required=True)]


def _header(
    name: str, schema: JSONSchema, description: str, *, required: bool = False
) -> JSONSchema:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "schema": schema,
        "description": description,
    }
