"""Changes as pages, and as Server-Sent Events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from .answer import CONTENT, Answer
from .links import Headers

EVENT_STREAM = b"text/event-stream; charset=utf-8"

HEARTBEAT = b":\n\n"
"""Comment that keeps an idle connection open, and reveals a client that has gone."""

_FRESH = ((b"cache-control", b"no-cache"), (b"vary", b"Accept"))


_ENDS = tuple((chr(code).encode(), b"\\u%04x" % code) for code in (0x85, 0x2028, 0x2029))
"""Characters that Server-Sent Events do not take for line ends, but some clients do.

In JSON they occur in strings alone, where they may be escaped.
"""


class ChangeEvent(NamedTuple):
    """Change of a row, as its follower may see it.

    Args:
        number: The number of the change.
        at: The instant of the change.
        operation: The net operation: `create`, `update` or `delete`.
        key: The key of the row, as JSON.
        item: The row as in a list, as JSON; None where it no longer exists.
    """

    number: int
    at: dt.datetime
    operation: str
    key: bytes
    item: bytes | None


def number_header(number: int) -> Headers:
    """Return the header with the number of the last change that a response covers."""
    return ((b"x-change-number", b"%d" % number),)


def answer_changes(events: Sequence[ChangeEvent], upto: int) -> Answer:
    """Answer with a page of changes.

    Args:
        events: The changes.
        upto: The number to continue from.
    """
    items = b",".join(map(_write_entry, events))
    body = b'{"items":[%b],"next":%d}' % (items, upto)
    return Answer(200, body, (CONTENT, *_FRESH, *number_header(upto)))


def event_headers() -> Headers:
    """Return the headers of a stream of events, which also keep proxies from buffering it."""
    return ((b"content-type", EVENT_STREAM), *_FRESH, (b"x-accel-buffering", b"no"))


def write_events(events: Sequence[ChangeEvent]) -> bytes:
    """Write changes as Server-Sent Events (WHATWG HTML, section 9.2)."""
    written = b"".join(map(_write_event, events))
    for character, escaped in _ENDS:
        written = written.replace(character, escaped)
    return written


def write_place(number: int) -> bytes:
    """Write an event without data, which only updates the position of the client."""
    return b"id: %d\n\n" % number


def write_retry(after_ms: int) -> bytes:
    """Write the delay before a client reconnects."""
    return b"retry: %d\n\n" % after_ms


def _write_event(event: ChangeEvent) -> bytes:
    head = b"id: %d\nevent: %b\ndata: " % (event.number, event.operation.encode())
    return b'%b{"key":%b%b}\n\n' % (head, event.key, _write_item(event))


def _write_entry(event: ChangeEvent) -> bytes:
    at = msgspec.json.encode(event.at)
    head = b'{"number":%d,"at":%b,"operation":"%b",' % (event.number, at, event.operation.encode())
    return b'%b"key":%b%b}' % (head, event.key, _write_item(event))


def _write_item(event: ChangeEvent) -> bytes:
    # JSON escapes line ends in strings, so a row is one line.
    return b"" if event.item is None else b',"item":%b' % event.item
