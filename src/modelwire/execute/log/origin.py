"""Origin of a write: its caller and its request."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from pydantic_core import to_jsonable_python

from ...access.principal import ANYONE, Principal
from ...observe.exchange import ASKED


class Origin(NamedTuple):
    """Origin of a write.

    Args:
        by: The key of the caller as JSON, an array if composite; None if unknown.
        request: The request's id; None if there is none.
    """

    by: str | None = None
    request: str | None = None


def find_origin(caller: Principal = ANYONE) -> Origin:
    """Find the origin of the current write.

    Args:
        caller: The caller, if known; otherwise that noted for the current request.
    """
    exchange = ASKED.get()
    if exchange is None:
        return Origin(_write_key(caller))
    return Origin(exchange.by if caller is ANYONE else _write_key(caller), exchange.request_id)


def note_caller(caller: Principal) -> None:
    """Note the caller of the current request, for the writes of its sessions."""
    exchange = ASKED.get()
    if exchange is not None:
        exchange.by = _write_key(caller)


def _write_key(caller: Principal) -> str | None:
    parts = caller.identity
    if all(part is None for part in parts):
        return None
    key = parts[0] if len(parts) == 1 else parts
    return msgspec.json.encode(to_jsonable_python(key, fallback=str)).decode()
