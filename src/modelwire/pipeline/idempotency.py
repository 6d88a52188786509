"""Requests with an `Idempotency-Key`: carried out once, answered alike however often they come."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

from ..request.headers import parse_idempotency_key
from ..request.request import Request

_METHODS = ("POST", "PATCH")
"""The methods that may do something else when they are repeated (RFC 9110, section 9.2.2)."""


_CREDENTIALS = (b"authorization", b"cookie")
"""The headers that say who asks."""


def key_of(request: Request) -> str | None:
    """What stands for a request's key and who asks, if it has a key and its method takes one.

    Two callers may use one key, and neither is told of the other's. Who asks is known by the key of
    the caller, and by the headers that hold credentials where there is none, or it is nobody; of
    these nothing but a digest is kept.

    Raises:
        InvalidRequest: It can't be a key.
    """
    if request.method not in _METHODS or b"idempotency-key" not in request.headers:
        return None
    key = parse_idempotency_key(request.header(b"idempotency-key"))
    if key is None:
        return None
    who = request.caller.key
    if who is not None:
        return _digest([key.encode(), who])
    return _digest([key.encode(), *(request.headers.get(name, b"") for name in _CREDENTIALS)])


def fingerprint_of(request: Request, grants: Collection[str]) -> str:
    """What tells a request from others: method, path, query, body, and which fields it may show.

    Args:
        request: The request.
        grants: The attributes of its caller that decide about fields. An answer that was made while
            he had others is not for him.
    """
    text = [request.method, request.path, *request.segments, *sorted(grants)]
    return _digest([*(part.encode() for part in text), request.query_string, request.body])


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=32)
    for part in parts:
        digest.update(b"%d:" % len(part))  # so that where one ends can't be moved
        digest.update(part)
    return digest.hexdigest()
