"""Requests to an application that are made of another one, within it."""

from __future__ import annotations

from typing import Any

from starlette.types import Scope

from ..compat.fastapi import TELEMETRY
from ..compat.starlette import EXCEPTION_HANDLERS

_OF_THE_REQUEST = frozenset(
    (
        *("path", "raw_path", "query_string", "method", "headers", "path_params"),
        *("endpoint", "route", EXCEPTION_HANDLERS, TELEMETRY),
    )
)
"""What a scope says of its own request alone; so does what is found out about it on its way."""

_OWN = "modelwire."


def share_scope(scope: Scope) -> dict[str, Any]:
    """What the scope of a request says of others too that are made of it: who asks, and how."""
    return {
        name: value
        for name, value in scope.items()
        if name not in _OF_THE_REQUEST and not name.startswith(_OWN)
    }
