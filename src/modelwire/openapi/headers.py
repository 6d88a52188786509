"""Headers of requests and responses."""

from __future__ import annotations

from ..plan.reading.following import LAST_EVENT_ID
from ..plan.writing.options import Resolution
from ..request.headers import IDEMPOTENCY_KEY, MAX_IDEMPOTENCY_KEY
from ..respond.stream import END_MARKER
from .components import Components
from .context import Subject
from .parameters import Parameters
from .values import TEXT, JSONSchema


def conditional_headers(subject: Subject) -> Parameters:
    """Describe the preconditions that a write to a row may state."""
    is_required = subject.table.resource.require_if_match
    match = "The `ETag` of the row as last read; 412 if the row has changed since."
    none_match = "An `ETag` that the row must not have; 412 if it does."
    part = "IfMatchRequired" if is_required else "IfMatch"
    return [
        _header(subject.components, part, "If-Match", match, required=is_required),
        _header(subject.components, "IfNoneMatch", "If-None-Match", none_match),
    ]


def cache_header(components: Components) -> Parameters:
    """Describe the precondition under which an unchanged row is not sent again."""
    text = "The `ETag` of the row as last read; 304 if the row is unchanged."
    return [_header(components, "IfChanged", "If-None-Match", text)]


def stream_header(components: Components) -> Parameters:
    """Describe the preference for a last line with the number of rows."""
    text = f"`{END_MARKER}`: JSON lines and CSV end with the number of rows."
    return [_header(components, "PreferEndMarker", "Prefer", text)]


def place_header(components: Components) -> Parameters:
    """Describe the header by which a browser resumes a stream of events."""
    text = "The last change received, in place of `after`; browsers send it by themselves."
    return [_header(components, "LastEventID", LAST_EVENT_ID, text)]


def idempotency_header(components: Components) -> Parameters:
    """Describe the key that identifies a repeated request."""
    text = "Identifies the request: repeated with the same key, it is carried out only once."
    schema = {"type": "string", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY}
    return [_header(components, "IdempotencyKey", IDEMPOTENCY_KEY, text, schema)]


def prefer_header(components: Components, *, resolves: bool = False) -> Parameters:
    """Describe the preferences of a write (RFC 7240).

    Args:
        components: The parts that operations share.
        resolves: Whether they include the resolution of an upsert's conflicts.
    """
    text = f"`return=minimal`: leave the rows out of the answer. {_TRIED}"
    if resolves:
        text += f" With `on_conflict`, `resolution={Resolution.MERGE}`, the default: update"
        text += f" a row that exists; `resolution={Resolution.IGNORE}`: leave it unchanged."
    return [_header(components, "PreferUpsert" if resolves else "Prefer", "Prefer", text)]


def mass_header(components: Components) -> Parameters:
    """Describe the preference that a mass write requires."""
    text = (
        "`max-affected=N`: the most rows that may be affected. `return=minimal`: leave out the "
        f"body. {_TRIED}"
    )
    return [_header(components, "PreferMaxAffected", "Prefer", text, required=True)]


_TRIED = "`tx=rollback`: carry the write out, answer, and undo it."

_ANSWERED = {
    "X-Request-ID": "The id of the request, by which it is found in logs.",
    "ETag": "The version of the row, for `If-Match` and `If-None-Match`.",
    "Location": "The path of the row.",
    "X-Change-Number": "The last change that the response covers, after which to follow changes.",
    "Link": "The first, previous, next and last page (RFC 8288).",
    "Idempotency-Replayed": "`true` where the answer to an earlier request is repeated.",
    "Preference-Applied": "The preferences that were followed (RFC 7240).",
    "Retry-After": "Seconds after which to try again.",
}


def answer_headers(components: Components, *names: str) -> JSONSchema:
    """Describe the headers of a response, by name."""
    return {
        name: components.refer(
            "headers",
            name,
            lambda text=_ANSWERED[name]: {"description": text, "schema": TEXT},  # type: ignore[misc]
        )
        for name in names
    }


def _header(
    components: Components,
    part: str,
    name: str,
    text: str,
    schema: JSONSchema = TEXT,
    *,
    required: bool = False,
) -> JSONSchema:
    described: JSONSchema = {"name": name, "in": "header", "description": text, "schema": schema}
    if required:
        described["required"] = True
    return components.refer("parameters", part, lambda: described)
