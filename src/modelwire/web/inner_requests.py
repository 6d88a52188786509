"""Requests to an application that are made on behalf of another request, within it."""

from __future__ import annotations

from typing import Any

from starlette.types import Scope

from ..compat.fastapi import TELEMETRY
from ..compat.starlette import EXCEPTION_HANDLERS

_OF_THE_REQUEST = frozenset(
    (
        *("path", "raw_path", "query_string", "method", "headers"),
        *("endpoint", "route", EXCEPTION_HANDLERS, TELEMETRY),
    )
)
"""Keys of a scope that apply to its own request alone, including results found on the way."""

_OWN = "modelwire."


def share_scope(scope: Scope) -> dict[str, Any]:
    """Return the part of a scope that inner requests share: the caller and the connection."""
    return {
        name: value
        for name, value in scope.items()
        if name not in _OF_THE_REQUEST and not name.startswith(_OWN)
    }
