"""Answers as values: a status, headers and a body."""

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
"""The header that says that a body is JSON."""

_encoder = msgspec.json.Encoder(enc_hook=write_unknown)

MINIMAL = (b"preference-applied", b"return=minimal")
"""The header that says that a preference was honoured (RFC 7240, section 3)."""

TRIED = (b"preference-applied", b"tx=rollback")
"""The header that says that all was undone, as the client wanted."""

REPLAYED = (b"idempotency-replayed", b"true")
"""The header that says that a request was carried out before, and answered as it is now."""


class Answer(Struct, frozen=True):
    """A whole answer.

    Args:
        status: The status code.
        body: The body; empty where there is none.
        headers: The headers, without `Content-Length`.
        left_out: The body that a preference has left out; what comes later in a batch may refer to
            it all the same.
    """

    status: int
    body: bytes = b""
    headers: Headers = ()
    left_out: bytes = b""


class StreamAnswer(Struct, frozen=True):
    """An answer whose body is sent in parts, as they are read.

    Args:
        status: The status code.
        parts: The body; an error in it breaks the response off.
        headers: The headers.
    """

    status: int
    parts: AsyncIterator[bytes]
    headers: Headers = ()


class EventsAnswer(StreamAnswer, frozen=True):
    """An answer that goes on for as long as its client listens."""


def entity_tag(row: Sequence[Any], shown: bytes = b"") -> str:
    """Make the opaque part of an entity tag (RFC 9110, section 8.8.3) in its two halves.

    Args:
        row: The row's own values: the first half stands for them, whatever is shown.
        shown: What else is shown, such as included rows; the second half stands for that.

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
    """Check what a client says of the row that it changes (RFC 9110, section 13.2).

    Only the first half of a tag counts: what is included in a row may have changed.

    Args:
        conditions: What it says.
        row: The row's own values.

    Raises:
        PreconditionFailed: The row is another than the client knows.
    """
    own = entity_tag(row)
    if conditions.if_match is not None and not _is_among(conditions.if_match, own):
        raise PreconditionFailed("The row has changed; read it again for its ETag")
    if conditions.if_none_match is not None and _is_among(conditions.if_none_match, own):
        raise PreconditionFailed("The row is as If-None-Match says that it must not be")


def _is_among(tags: Sequence[str], own: str) -> bool:
    return any(tag == "*" or tag.partition("-")[0] == own for tag in tags)


def answer_row(body: bytes, tag: str) -> Answer:
    """Answer with one row."""
    return Answer(200, body, (CONTENT, _etag(tag)))


def answer_not_modified(tag: str) -> Answer:
    """Answer that the client's copy is still right."""
    return Answer(304, b"", (_etag(tag),))


def answer_created(body: bytes, tag: str, location: str, *, minimal: bool) -> Answer:
    """Answer with the row that was stored, or without it as `Prefer: return=minimal` asks."""
    headers = (_etag(tag), (b"location", location.encode()))
    if minimal:
        return Answer(201, b"", (*headers, MINIMAL), body)
    return Answer(201, body, (CONTENT, *headers))


def answer_updated(body: bytes, tag: str, *, minimal: bool) -> Answer:
    """Answer with the row as it is now, or without it as `Prefer: return=minimal` asks."""
    if minimal:
        return Answer(204, b"", (_etag(tag), MINIMAL), body)
    return answer_row(body, tag)


def answer_rows(body: bytes, *, status: int, minimal: bool, applied: Headers = ()) -> Answer:
    """Answer with an array of rows, or without it as `Prefer: return=minimal` asks.

    Args:
        body: The array.
        status: The status; without a body 204 in place of 200.
        minimal: Whether the body is left out.
        applied: Headers that name other preferences that were honoured.
    """
    if minimal:
        return Answer(204 if status == 200 else status, b"", (MINIMAL, *applied), body)
    return Answer(status, body, (CONTENT, *applied))


def answer_affected(count: int, limit: int, *, minimal: bool) -> Answer:
    """Answer how many rows a change has affected.

    Args:
        count: Their number.
        limit: The number that the client has allowed.
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
        bounds: Where it lies in the list.
        links: The header that leads to other pages.
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
        limit: Rows on it, at most.
        following: Cursor of the next page, where there is one.
        previous: Cursor of the previous page, where there is one.
        links: The header that leads to other pages.

    Returns:
        The answer.
    """
    # A cursor has nothing in it that JSON would escape.
    after, before = (f'"{cursor}"' if cursor else "null" for cursor in (following, previous))
    rest = f',"limit":{limit},"next":{after},"previous":{before}}}'
    return Answer(200, b'{"items":' + items + rest.encode(), (CONTENT, *links))


def answer_deleted() -> Answer:
    """Answer that the row is gone."""
    return Answer(204)


def _etag(tag: str) -> tuple[bytes, bytes]:
    return b"etag", f'"{tag}"'.encode()


def _digest(content: bytes) -> str:
    # Processors have instructions for this one.
    return hashlib.sha256(content, usedforsecurity=False).hexdigest()[:18]
