"""The body of a batch: requests, which may refer to the answers to earlier ones. Syntax only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from ..errors import Faults, InvalidRequest, TooLarge, Violation
from .body import parse_exactly, parse_json, write_exactly
from .headers import parse_prefer
from .references import (
    NAME,
    Resolve,
    Write,
    check_path,
    check_value,
    escape_step,
    fill_path,
    fill_value,
)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

HEADERS = ("Accept", "Content-Type", "If-Match", "If-None-Match", "Prefer")
"""The headers that a request of a batch may have. All others come from the batch itself: the body
must not contradict what authentication and proxies have found out about the caller."""

_HEADERS = frozenset(name.lower() for name in HEADERS)
_MEMBERS = ("method", "path", "headers", "body")
_PATH = re.compile(r"/[!-\"$-~]*")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")


class BatchedRequest(Struct, frozen=True):
    """Request within a batch.

    Args:
        method: Its method.
        path: Its path and query, in which references are in braces.
        headers: Its own headers, names in lower case.
        body: Its body; empty if it has none.
        place: A pointer to it in the body of the batch.
        template: Its body as `parse_exactly` returns it, if that has references.
    """

    method: str
    path: str
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    place: str
    template: Any = None

    @property
    def has_fixed_path(self) -> bool:
        """Whether its path has no references."""
        return "{" not in self.path

    def fill_body(self, resolve: Resolve) -> bytes:
        """Return the body, with references replaced by values."""
        if self.template is None:
            return self.body
        return write_exactly(fill_value(self.template, f"{self.place}/body", resolve)).encode()

    def fill(self, part: str, write: Write) -> str:
        """Return a part of the path, with references replaced by texts."""
        return fill_path(part, f"{self.place}/path", write)


class _Body(Struct):
    body: Raw = Raw(b"")


class _Bodies(Struct):
    requests: list[_Body]


def read_batch(body: bytes, limit: int) -> Sequence[BatchedRequest]:
    """Read the body of a batch.

    Args:
        body: The raw body.
        limit: The maximum number of requests.

    Returns:
        The requests.

    Raises:
        InvalidRequest: The body is not a batch, or a reference is malformed or refers to no earlier
            request.
        TooLarge: It has too many requests.
    """
    given = _read_requests(parse_json(body))
    if len(given) > limit:
        raise TooLarge(f"One batch may have at most {limit} requests")
    faults = Faults()
    for index, request in enumerate(given):
        for violation in _check(request, f"/requests/{index}", index):
            faults.add(violation)
    faults.refuse()
    bodies = _split_bodies(body)
    read = [_read(index, given[index], bodies[index], faults) for index in range(len(given))]
    faults.refuse()
    return read


def _read_requests(value: Any) -> Sequence[Any]:
    if not isinstance(value, dict) or list(value) != ["requests"]:
        message = "should be an object with just `requests`"
        raise InvalidRequest(Violation(message, "batch_body", ""))
    requests = value["requests"]
    if not isinstance(requests, list):
        raise InvalidRequest(Violation("should be an array of requests", "list_type", "/requests"))
    return requests


def _check(request: Any, place: str, index: int) -> Iterator[Violation]:
    """Yield the faults of a request, except for those of its body."""
    if not isinstance(request, dict):
        yield Violation("should be an object with a method and a path", "dict_type", place)
        return
    for name in request:
        if name not in _MEMBERS:
            message = f"is not a member of a request, which has {', '.join(_MEMBERS)}"
            yield Violation(message, "unknown_field", f"{place}/{escape_step(name)}")
    if request.get("method") not in METHODS:
        message = f"should be one of {', '.join(METHODS)}"
        yield Violation(message, "invalid_method", f"{place}/method")
    path = request.get("path")
    if isinstance(path, str) and _PATH.fullmatch(path):
        yield from check_path(path, f"{place}/path", index)
    else:
        message = "should be a path that starts with a slash, percent-encoded as in a URL"
        yield Violation(message, "invalid_path", f"{place}/path")
    yield from _check_headers(request.get("headers", {}), f"{place}/headers")


def _check_headers(headers: Any, place: str) -> Iterator[Violation]:
    if not isinstance(headers, dict):
        yield Violation("should be an object of headers", "dict_type", place)
        return
    names = [name.lower() for name in headers]
    for name, value in headers.items():
        where = f"{place}/{escape_step(name)}"
        if name.lower() not in _HEADERS:
            message = f"can't be set for one request of a batch; {', '.join(HEADERS)} can"
            yield Violation(message, "unknown_header", where)
        elif names.count(name.lower()) > 1:
            yield Violation("is given twice among the headers", "duplicate_name", where)
        elif not isinstance(value, str) or not _VALUE.fullmatch(value):
            yield Violation("should be the text of a header", "string_type", where)
        elif name.lower() == "prefer" and "tx" in parse_prefer(value):
            message = "tx can be given for the whole batch, but not for one of its requests"
            yield Violation(message, "invalid_value", where)


def _split_bodies(body: bytes) -> Sequence[bytes]:
    """Return the raw body of each request."""
    try:
        return [bytes(request.body) for request in msgspec.json.decode(body, type=_Bodies).requests]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # It has something that only the strict parser accepts.
        requests: list[Mapping[str, Any]] = parse_exactly(body)["requests"]
        return [write_exactly(r["body"]).encode() if "body" in r else b"" for r in requests]


def _read(index: int, request: Mapping[str, Any], body: bytes, faults: Faults) -> BatchedRequest:
    place = f"/requests/{index}"
    headers = request.get("headers", {}).items()
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    template = _read_template(body, f"{place}/body", index, faults)
    return BatchedRequest(request["method"], request["path"], pairs, body, place, template)


def _read_template(body: bytes, place: str, index: int, faults: Faults) -> Any:
    """Parse a body that has references; return None for any other."""
    if NAME.encode() not in body and b"\\u" not in body:  # the name may be spelt with escapes
        return None
    value = parse_exactly(body)
    found = [*check_value(value, place, index)]
    for violation in found:
        if violation is not None:
            faults.add(violation)
    return value if found else None
