"""Requests with an `Idempotency-Key`: carried out once, answered alike however often they come."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from ..execute.connect.lane import Lane
from ..execute.idempotency import IdempotencyKeys, StoredAnswer
from ..request.headers import parse_idempotency_key
from ..request.request import Request
from ..respond.answer import REPLAYED, Answer
from .stages import Work

_METHODS = ("POST", "PATCH")
"""The methods that may do something else when they are repeated (RFC 9110, section 9.2.2)."""


_CREDENTIALS = (b"authorization", b"cookie")
"""The headers that say who asks."""


def key_of(request: Request) -> str | None:
    """What stands for a request's key and who asks, if it has a key and its method takes one.

    Two callers may use one key, and neither is told of the other's. Who asks is known by the
    headers that hold credentials, of which nothing but a digest is kept.

    Raises:
        InvalidRequest: It can't be a key.
    """
    if request.method not in _METHODS:
        return None
    key = parse_idempotency_key(request.header(b"idempotency-key"))
    if key is None:
        return None
    return _digest([key.encode(), *(request.headers.get(name, b"") for name in _CREDENTIALS)])


def do_once(work: Work, keys: IdempotencyKeys, key: str, request: Request) -> Work:
    """Some work that is done only for the first request with a key.

    Args:
        work: The work; its answer is stored in the transaction in which it is done.
        keys: The keys that are known.
        key: The key of the request.
        request: The request, which the key must not have come with another one than.

    Returns:
        The work. Where it was done before, it answers as it did then.
    """
    fingerprint = _fingerprint_of(request)

    async def work_once(lane: Lane, singly: bool) -> Answer:
        stored = await keys.claim(lane, key, fingerprint)
        if stored is not None:
            return Answer(stored.status, stored.body, (*stored.headers, REPLAYED))
        answer = await work(lane, singly)
        await keys.store(lane, key, StoredAnswer(answer.status, answer.headers, answer.body))
        return answer

    return work_once


def _fingerprint_of(request: Request) -> str:
    """What tells a request from others: method, path, query and body."""
    text = [request.method, request.path, *request.segments]
    return _digest([*(part.encode() for part in text), request.query_string, request.body])


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=32)
    for part in parts:
        digest.update(b"%d:" % len(part))  # so that where one ends can't be moved
        digest.update(part)
    return digest.hexdigest()
