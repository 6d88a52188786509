"""Requests with an `Idempotency-Key`, which are carried out only once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

from ..request.freshness import without_position
from ..request.headers import parse_idempotency_key
from ..request.request import Request

_METHODS = ("POST", "PATCH")
"""Methods that are not idempotent by themselves (RFC 9110, section 9.2.2)."""


def key_of(request: Request) -> str | None:
    """Return the digest of a request's key and caller, if its method takes a key and it has one.

    Two callers may use the same key without seeing each other's responses. The caller is identified
    by its key, or else by the headers with credentials, if any; only a digest of them is kept. The
    cookie with a position is no credential: an answer may change it between two attempts.

    Raises:
        InvalidRequest: The key is invalid.
    """
    if request.method not in _METHODS or b"idempotency-key" not in request.headers:
        return None
    key = parse_idempotency_key(request.header(b"idempotency-key"))
    if key is None:
        return None
    who = request.caller.key
    if who is not None:
        return _digest([key.encode(), who])
    authorization = request.headers.get(b"authorization", b"")
    cookies = without_position(request.headers.get(b"cookie", b""))
    return _digest([key.encode(), authorization, cookies])


def fingerprint_of(request: Request, grants: Collection[str]) -> str:
    """Return the fingerprint of a request: method, path, query, body, and visible fields.

    Args:
        request: The request.
        grants: The attributes of its caller that decide about fields. A response that was made for
            other grants is not repeated.
    """
    text = [request.method, request.base, *request.segments, *sorted(grants)]
    return _digest([*(part.encode() for part in text), request.query_string, request.body])


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=32)
    for part in parts:
        digest.update(b"%d:" % len(part))  # so that the boundaries of parts are unambiguous
        digest.update(part)
    return digest.hexdigest()
