"""Parser for the query of a request, as a list of parameters. Syntax only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from ..characters import check_characters
from ..errors import InvalidRequest, Violation
from ..settings import LIMITS

_PLAIN = re.compile(rb"[!-$&-*,-~]*")
"""Queries that need no decoding: printable ASCII without `%` and `+`."""


class Parameter(Struct, frozen=True):
    """Parameter of a query, decoded.

    Args:
        name: Its name.
        value: Its value.
        whole: Whether the value is one element of an array, in which commas are ordinary
            characters.
    """

    name: str
    value: str
    whole: bool = False


def parse_query(query_string: bytes, max_bytes: int = LIMITS.max_query_bytes) -> list[Parameter]:
    """Split and decode a query string (WHATWG URL, application/x-www-form-urlencoded).

    Args:
        query_string: The text after the `?`, undecoded.
        max_bytes: The maximum number of bytes.

    Returns:
        The parameters in the order sent, repeated ones included.

    Raises:
        InvalidRequest: It is too long, or a name or a value is not UTF-8 or holds a NUL character.
    """
    if not query_string:
        return []
    pairs = [*filter(None, query_string.split(b"&"))]
    if len(query_string) > max_bytes:
        longest = max(pairs, key=len, default=b"").partition(b"=")[0].decode("latin-1")
        raise _refuse(longest, f"leaves a query of more than {max_bytes} bytes", "query_too_long")
    if _PLAIN.fullmatch(query_string):
        split = (pair.decode().partition("=") for pair in pairs)
        return [Parameter(name, value) for name, _, value in split]
    return [_parse_pair(pair) for pair in pairs]


def read_query_object(body: Any) -> list[Parameter]:
    """Read a JSON object as the parameters of a query.

    Args:
        body: The JSON value, with its numbers as text. An array stands for a repeated parameter;
            its elements are not split at commas.

    Returns:
        The parameters.

    Raises:
        InvalidRequest: It is not an object, or a parameter is null, an object or an empty array.
    """
    if not isinstance(body, dict):
        message = "should be an object of parameters"
        raise InvalidRequest(Violation(message, "model_type", pointer=""))
    return [parameter for name, value in body.items() for parameter in _read_member(name, value)]


def _read_member(name: str, value: Any) -> Iterator[Parameter]:
    name = _check(name, name)
    if not isinstance(value, list):
        yield Parameter(name, _read_scalar(name, value))
        return
    if not value:
        raise _refuse(name, "should have at least one value", "too_short")
    for item in value:
        yield Parameter(name, _read_scalar(name, item), whole=True)


def _read_scalar(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise _refuse(name, "should be a text, a number, true, false, or an array of these")
    return _check(name, value)


def _parse_pair(pair: bytes) -> Parameter:
    raw_name, _, raw_value = pair.partition(b"=")
    name = _decode(raw_name, raw_name.decode("latin-1"))
    return Parameter(name, _decode(raw_value, name))


def _decode(raw: bytes, parameter: str) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        message = "should be percent-encoded UTF-8"
        raise _refuse(parameter, message, "string_unicode") from None
    return _check(parameter, text)


def _check(parameter: str, text: str) -> str:
    fault = check_characters(text)
    if fault is not None:
        code, message = fault
        raise _refuse(parameter, message, code)
    return text


def _refuse(parameter: str, message: str, code: str = "invalid_value") -> InvalidRequest:
    return InvalidRequest(Violation(message, code, parameter=parameter))
