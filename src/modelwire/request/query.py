"""The query string as a list of parameters. Syntax only."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from ..errors import InvalidRequest, Violation


@dataclass(frozen=True, slots=True)
class Parameter:
    """One `name=value` of the query string, decoded."""

    name: str
    value: str


def parse_query(query_string: bytes) -> list[Parameter]:
    """Split and decode a query string (WHATWG URL, application/x-www-form-urlencoded).

    Args:
        query_string: What follows the `?`, as it came.

    Returns:
        The parameters in the order sent, repeated ones included.

    Raises:
        InvalidRequest: A name or a value is not UTF-8, or holds a NUL character.
    """
    if not query_string:
        return []
    return [_parse_pair(pair) for pair in query_string.split(b"&") if pair]


def _parse_pair(pair: bytes) -> Parameter:
    raw_name, _, raw_value = pair.partition(b"=")
    name = _decode(raw_name, raw_name.decode("latin-1"))
    return Parameter(name, _decode(raw_value, name))


def _decode(raw: bytes, parameter: str) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise InvalidRequest(
            Violation("should be percent-encoded UTF-8", "string_unicode", parameter=parameter)
        ) from None
    if "\x00" in text:
        raise InvalidRequest(
            Violation("should have no NUL characters", "string_nul", parameter=parameter)
        )
    return text
