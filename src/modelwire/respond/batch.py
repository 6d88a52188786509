"""Response to a batch."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .answer import CONTENT, MINIMAL, Answer
from .links import Headers

_NAMES = {b"etag": "ETag"}
_OF_BODY = (b"content-type", b"content-length")


def answer_batch(answers: Sequence[Answer], *, minimal: bool) -> Answer:
    """Answer a batch whose requests have all succeeded.

    Args:
        answers: The responses to its requests, in order.
        minimal: Whether bodies were left out for `Prefer: return=minimal`.

    Returns:
        The answer.
    """
    body = b",".join(map(_write, answers))
    headers = (CONTENT, MINIMAL) if minimal else (CONTENT,)
    return Answer(200, b'{"responses":[' + body + b"]}", headers)


def _write(answer: Answer) -> bytes:
    headers = _write_headers(answer.headers)
    body = b',"body":' + answer.body if answer.body else b""
    return b'{"status":%d,"headers":%b%b}' % (answer.status, headers, body)


def _write_headers(headers: Headers) -> bytes:
    """Write headers as an object; several of one name are joined (RFC 9110, section 5.3)."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name not in _OF_BODY:
            shown, text = _show(name), value.decode("latin-1")
            found[shown] = f"{found[shown]}, {text}" if shown in found else text
    return msgspec.json.encode(found)


def _show(name: bytes) -> str:
    return _NAMES.get(name) or name.decode("latin-1").title()
