"""Parsers for the headers that modelwire reads. Syntax only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from ..errors import InvalidRequest, NotAcceptable, Violation

_QUOTED_TEXT = r'(?:[^"\\]|\\.?)*'
_QUOTED = rf'"{_QUOTED_TEXT}"?'
"""A quoted string (RFC 9110, section 5.6.4); one that is not closed ends with its header."""

_ELEMENTS = re.compile(rf'(?:[^",]|{_QUOTED})+', re.DOTALL)
_PARAMETERS = re.compile(rf'(?:[^";]|{_QUOTED})+', re.DOTALL)
_PREFERENCE = re.compile(
    rf"\s*([!#$%&'*+.^_`|~\w-]+)\s*(?:=\s*(?:\"({_QUOTED_TEXT})|([^\s;]*)))?", re.ASCII | re.DOTALL
)
_ENTITY_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')

IDEMPOTENCY_KEY = "Idempotency-Key"

MAX_IDEMPOTENCY_KEY = 255
"""Characters that an `Idempotency-Key` may have."""

_QUOTED_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_KEY = re.compile(rf"[ -~]{{1,{MAX_IDEMPOTENCY_KEY}}}")
_COUNT = re.compile(r"0*([0-9]{1,18})|[0-9]+")

MANY = 10**18
"""A number of rows that no table has; stands for all larger numbers."""


class Format(StrEnum):
    """Formats of answers, by media type."""

    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    JSONL = "application/jsonl"
    CSV = "text/csv"
    EVENTS = "text/event-stream"


OF_STREAMS = (Format.JSON, Format.NDJSON, Format.JSONL, Format.CSV)
"""The formats of a stream."""

FORMATS: Mapping[str, Format] = {
    "json": Format.JSON,
    "jsonl": Format.JSONL,
    "csv": Format.CSV,
}
"""The formats of a stream, by their names in a query: links, spreadsheets and functions that read a
URL can't set `Accept`."""


def read_headers(fields: Sequence[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Read the header fields of a request; repeated ones are joined (RFC 9110, section 5.3, and RFC
    9113, section 8.2.3, for cookies).

    Args:
        fields: The raw fields, names in lower case.

    Returns:
        The values by name.
    """
    headers = dict(fields)
    if len(headers) < len(fields):
        for name in headers:
            separator = b"; " if name == b"cookie" else b", "
            headers[name] = separator.join(value for given, value in fields if given == name)
    return headers


def parse_prefer(header: str | None) -> Mapping[str, str]:
    """Parse a `Prefer` header (RFC 7240, section 2); of a repeated preference, the first one
    counts.

    Args:
        header: The header's value; several headers are joined by commas.

    Returns:
        The value of each preference, empty if it has none.
    """
    preferences: dict[str, str] = {}
    if not header:
        return preferences
    for element in _ELEMENTS.findall(header):
        match = _PREFERENCE.match(element)
        if match:
            value = match[3] or _ESCAPED.sub(r"\1", match[2] or "")
            preferences.setdefault(match[1].lower(), value)
    return preferences


def parse_max_affected(header: str | None) -> int | None:
    """Parse the preference `max-affected`, the maximum number of rows that a write may affect.

    Args:
        header: The `Prefer` header.

    Returns:
        The number, or `MANY` if it is larger; None if the preference is absent or not a number.
    """
    match = _COUNT.fullmatch(parse_prefer(header).get("max-affected", ""))
    if match is None:
        return None
    return MANY if match[1] is None else int(match[1])


class Preconditions(Struct, frozen=True):
    """Preconditions of a write (RFC 9110, section 13.1).

    Args:
        if_match: Tags of which the row must have one; None if the header is absent.
        if_none_match: Tags of which the row must have none; None if the header is absent.
    """

    if_match: tuple[str, ...] | None
    if_none_match: tuple[str, ...] | None


def parse_preconditions(if_match: str | None, if_none_match: str | None) -> Preconditions:
    """Parse the preconditions of a write. `If-Match` compares strongly, so weak tags are dropped.

    Args:
        if_match: The `If-Match` header.
        if_none_match: The `If-None-Match` header.

    Returns:
        The preconditions.
    """
    return Preconditions(
        None if if_match is None else parse_entity_tags(if_match, strong=True),
        None if if_none_match is None else parse_entity_tags(if_none_match),
    )


def parse_entity_tags(header: str | None, *, strong: bool = False) -> tuple[str, ...]:
    """Parse `If-None-Match` or `If-Match` (RFC 9110, section 13.1).

    Args:
        header: The header's value.
        strong: Whether to drop weak tags.

    Returns:
        The opaque tags without their quotes; `("*",)` for a wildcard. The quoted tag `"*"` is not a
        wildcard; it is left out, as no answer has it.
    """
    if header is None:
        return ()
    if header.strip() == "*":
        return ("*",)
    found = _ENTITY_TAG.findall(header)
    return tuple(tag for weak, tag in found if tag != "*" and not (strong and weak))


def parse_idempotency_key(header: str | None) -> str | None:
    """Parse `Idempotency-Key` (IETF draft, draft-ietf-httpapi-idempotency-key-header).

    Args:
        header: The header's value: a quoted string, or bare.

    Returns:
        The key; None if the header is absent.

    Raises:
        InvalidRequest: It is empty, too long, or not of printable ASCII characters.
    """
    if header is None:
        return None
    quoted = _QUOTED_KEY.fullmatch(header.strip())
    key = _ESCAPED.sub(r"\1", quoted[1]) if quoted else header.strip()
    if not _KEY.fullmatch(key):
        message = f"should be 1 to {MAX_IDEMPOTENCY_KEY} printable ASCII characters"
        raise InvalidRequest(Violation(message, "invalid_value", parameter=IDEMPOTENCY_KEY))
    return key


def choose_format(accept: str | None, formats: Sequence[Format] = OF_STREAMS) -> Format:
    """Choose the format of an answer by `Accept` (RFC 9110, section 12.5.1).

    Args:
        accept: The header's value.
        formats: The available formats; those of a stream by default.

    Returns:
        The format with the highest weight; of several, the one named first. JSON if the header
        names none of them.

    Raises:
        NotAcceptable: The header excludes JSON by a weight of 0, and accepts no other format.
    """
    ranges = _read_ranges(accept or "")
    weighed = [(_find_range(format_, ranges), format_) for format_ in formats]
    accepted = [(range_, format_) for range_, format_ in weighed if range_ and range_.weight]
    if accepted:
        return min(accepted, key=lambda pair: (-pair[0].weight, pair[0].position))[1]
    if any(range_ for range_, format_ in weighed if format_ is Format.JSON):
        raise NotAcceptable(f"Accept one of {', '.join(formats)}")
    return Format.JSON


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether an answer may be compressed by gzip (RFC 9110, section 12.5.3).

    Args:
        accept_encoding: The value of `Accept-Encoding`; None if the request has none: a client that
            sends none may not support gzip.
    """
    codings = _read_ranges(accept_encoding or "")
    found = codings.get("gzip") or codings.get("x-gzip") or codings.get("*")
    return found is not None and found.weight > 0


class _Range(NamedTuple):
    """Weight of a media range or content coding, from 0 to 1, and its position in the header."""

    weight: float
    position: int


def _read_ranges(accept: str) -> Mapping[str, _Range]:
    ranges: dict[str, _Range] = {}
    for position, element in enumerate(_ELEMENTS.findall(accept)):
        parts = _PARAMETERS.findall(element) or [""]
        media_range, *parameters = (part.strip().lower() for part in parts)
        ranges.setdefault(media_range, _Range(_weight(parameters), position))
    return ranges


def _find_range(format_: Format, ranges: Mapping[str, _Range]) -> _Range | None:
    """Find the most specific range that includes a format."""
    kind = format_.partition("/")[0]
    return ranges.get(format_) or ranges.get(f"{kind}/*") or ranges.get("*/*")


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return 0.0
    return 1.0
