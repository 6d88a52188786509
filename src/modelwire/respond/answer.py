"""Responses as values: a status, headers and a body."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ..encode.fallback import write_unknown
from ..errors import PreconditionFailed
from ..request.headers import Preconditions
from .links import Bounds, Headers

CONTENT = (b"content-type", b"application/json")
"""Header of a JSON body."""

_encoder = msgspec.json.Encoder(enc_hook=write_unknown)

MINIMAL = (b"preference-applied", b"return=minimal")
"""Header that confirms `return=minimal` (RFC 7240, section 3)."""

TRIED = (b"preference-applied", b"tx=rollback")
"""Header that confirms that a trial was rolled back."""

REPLAYED = (b"idempotency-replayed", b"true")
"""Header of a response that repeats the response to an earlier request with the same key."""


class Answer(Struct, frozen=True):
    """Complete response.

    Args:
        status: The status code.
        body: The body; empty where there is none.
        headers: The headers, without `Content-Length`.
        left_out: The body that a preference has left out; later requests of a batch may still refer
            to its values.
    """

    status: int
    body: bytes = b""
    headers: Headers = ()
    left_out: bytes = b""


class StreamAnswer(Struct, frozen=True):
    """Response whose body is sent in parts, as they are read.

    Args:
        status: The status code.
        parts: The body; an error while it is read breaks the response off.
        headers: The headers.
    """

    status: int
    parts: AsyncIterator[bytes]
    headers: Headers = ()


class EventsAnswer(StreamAnswer, frozen=True):
    """Response that goes on for as long as its client listens."""


def entity_tag(row: Sequence[Any], shown: bytes = b"") -> str:
    """Return the opaque part of an entity tag (RFC 9110, section 8.8.3), in two halves.

    Args:
        row: The row's own values, which the first half covers, whichever fields are shown.
        shown: Other content, such as included rows, which the second half covers.

    Returns:
        The tag, without its quotes.
    """
    try:
        own = _digest(_encoder.encode(tuple(row)))
    except UnicodeEncodeError:
        own = _digest(repr(row).encode(errors="backslashreplace"))  # it has a lone surrogate
    return f"{own}-{_digest(shown)}" if shown else own


def matches(tags: Sequence[str], tag: str) -> bool:
    """Whether a tag is among those of `If-None-Match`, by weak comparison."""
    return "*" in tags or tag in tags


def check_preconditions(conditions: Preconditions, row: Sequence[Any]) -> None:
    """Check the preconditions of a write against the row (RFC 9110, section 13.2).

    Only the first half of a tag counts: rows included in the response may have changed.

    Args:
        conditions: The preconditions.
        row: The row's own values.

    Raises:
        PreconditionFailed: The row does not meet them.
    """
    own = entity_tag(row)
    if conditions.if_match is not None and not _is_among(conditions.if_match, own):
        raise PreconditionFailed("The row has changed; read it again for its ETag")
    if conditions.if_none_match is not None and _is_among(conditions.if_none_match, own):
        raise PreconditionFailed("The row matches If-None-Match")


def _is_among(tags: Sequence[str], own: str) -> bool:
    return any(tag == "*" or tag.partition("-")[0] == own for tag in tags)


def answer_row(body: bytes, tag: str) -> Answer:
    """Answer with one row."""
    return Answer(200, body, (CONTENT, _etag(tag)))


def answer_not_modified(tag: str) -> Answer:
    """Answer that the client's copy is still current."""
    return Answer(304, b"", (_etag(tag),))


def answer_created(body: bytes, tag: str, location: str, *, minimal: bool) -> Answer:
    """Answer with the row that was stored, or without it for `Prefer: return=minimal`."""
    headers = (_etag(tag), (b"location", location.encode()))
    if minimal:
        return Answer(201, b"", (*headers, MINIMAL), body)
    return Answer(201, body, (CONTENT, *headers))


def answer_updated(body: bytes, tag: str, *, minimal: bool) -> Answer:
    """Answer with the updated row, or without it for `Prefer: return=minimal`."""
    if minimal:
        return Answer(204, b"", (_etag(tag), MINIMAL), body)
    return answer_row(body, tag)


def answer_rows(body: bytes, *, status: int, minimal: bool, applied: Headers = ()) -> Answer:
    """Answer with an array of rows, or without it for `Prefer: return=minimal`.

    Args:
        body: The array.
        status: The status; 204 replaces 200 where the body is left out.
        minimal: Whether the body is left out.
        applied: Headers for other preferences that were applied.
    """
    if minimal:
        return Answer(204 if status == 200 else status, b"", (MINIMAL, *applied), body)
    return Answer(status, body, (CONTENT, *applied))


def answer_affected(count: int, limit: int, *, minimal: bool) -> Answer:
    """Answer with the number of rows that a write has affected.

    Args:
        count: The number of rows.
        limit: The most rows that the client has allowed.
        minimal: Whether the body is left out.
    """
    applied = (b"preference-applied", b"max-affected=%d" % limit)
    body = b'{"affected":%d}' % count
    if minimal:
        return Answer(204, b"", (MINIMAL, applied), body)
    return Answer(200, body, (CONTENT, applied))


def answer_page(
    items: bytes, bounds: Bounds, links: Headers = (), *, estimated: bool = False
) -> Answer:
    """Answer with one page of a list.

    Args:
        items: Its rows, as a JSON array.
        bounds: Its position in the list.
        links: The header with links to other pages.
        estimated: Whether the total is an estimate.

    Returns:
        The answer.
    """
    total = "null" if bounds.total is None else str(bounds.total)
    mark = ',"total_is_estimate":true' if estimated else ""
    rest = f',"total":{total}{mark},"skip":{bounds.skip},"limit":{bounds.limit}}}'
    return Answer(200, b'{"items":' + items + rest.encode(), (CONTENT, *links))


def answer_keyset_page(
    items: bytes, limit: int, following: str | None, previous: str | None, links: Headers = ()
) -> Answer:
    """Answer with one page of a list between two cursors.

    Args:
        items: Its rows, as a JSON array.
        limit: The most rows on a page.
        following: The cursor of the next page, if any.
        previous: The cursor of the previous page, if any.
        links: The header with links to other pages.

    Returns:
        The answer.
    """
    # A cursor contains nothing that JSON would escape.
    after, before = (f'"{cursor}"' if cursor else "null" for cursor in (following, previous))
    rest = f',"limit":{limit},"next":{after},"previous":{before}}}'
    return Answer(200, b'{"items":' + items + rest.encode(), (CONTENT, *links))


def answer_deleted() -> Answer:
    """Answer that the row was deleted."""
    return Answer(204)


def _etag(tag: str) -> tuple[bytes, bytes]:
    return b"etag", f'"{tag}"'.encode()


def _digest(content: bytes) -> str:
    # Processors have instructions for SHA-256.
    return hashlib.sha256(content, usedforsecurity=False).hexdigest()[:18]
