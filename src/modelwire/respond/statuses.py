"""Table of the HTTP status for each code of `modelwire.errors`."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

STATUSES: Mapping[str, int] = {
    "invalid": 422,
    "no_such_path": 404,
    "method_not_allowed": 405,
    "unknown_host": 400,
    "cross_origin_refused": 400,
    "too_large": 413,
    "too_slow": 408,
    "unsupported_media_type": 415,
    "not_acceptable": 406,
    "forbidden": 403,
    "not_found": 404,
    "already_exists": 400,
    "not_deleted": 409,
    "parent_not_found": 400,
    "still_referenced": 409,
    "changed": 412,
    "precondition_required": 428,
    "too_many_affected": 400,
    "too_many_included": 422,
    "no_longer_kept": 410,
    "key_reused": 422,
    "key_in_flight": 409,
    "not_null": 422,
    "check": 422,
    "too_long": 422,
    "out_of_range": 422,
    "changed_since": 409,
    "conflict": 409,
    "refused": 422,
    "unavailable": 503,
    "unknown_outcome": 503,
    "timeout": 504,
    "database_error": 500,
    "invalid_row": 500,
    "unexpected_error": 500,
}

CONFLICTS = frozenset({"already_exists", "parent_not_found"})
"""Codes whose status is the setting `conflict_status`."""


def status_of(code: str, conflict_status: int) -> int:
    """Return the status of a code."""
    return conflict_status if code in CONFLICTS else STATUSES[code]


_PHRASES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}
"""Phrases of RFC 9110 that older versions of Python lack."""


def title_of(status: int) -> str:
    """Return the standard phrase of a status (RFC 9110, section 15), as in `Not Found`."""
    try:
        return _PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Error"
