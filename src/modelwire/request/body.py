"""JSON bodies. Syntax only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.message import Message
from itertools import chain
from typing import Any, NoReturn

import msgspec

from ..errors import InvalidRequest, UnsupportedEncoding, UnsupportedMediaType, Violation
from ..memory import known_if_short

MAX_DEPTH = 100
"""Levels of arrays and objects that a body may have."""

_MEDIA_TYPES = ("application/json", "application/merge-patch+json")


def check_content(headers: Mapping[bytes, bytes]) -> None:
    """Check that a body is declared as JSON in UTF-8, without a coding (RFC 9110, section 8.4).

    A body that grows when it is decoded would get past the size limit.

    Args:
        headers: The headers, as `read_headers` gives them.

    Raises:
        UnsupportedMediaType: It is declared as something else, or not at all.
        UnsupportedEncoding: It has a coding.
    """
    if not _is_json(headers.get(b"content-type", b"").decode("latin-1")):
        raise UnsupportedMediaType("Send the body as Content-Type: application/json, in UTF-8")
    if headers.get(b"content-encoding", b"").strip().lower() not in (b"", b"identity"):
        raise UnsupportedEncoding("Send the body as it is, without Content-Encoding")


@known_if_short
def _is_json(content_type: str) -> bool:
    message = Message()
    message["content-type"] = content_type
    try:
        charset = message.get_content_charset("utf-8")
    except (TypeError, ValueError):  # contradictory parameters in parts (RFC 2231)
        return False
    return message.get_content_type() in _MEDIA_TYPES and charset in ("utf-8", "utf8")


def parse_json(body: bytes, *, numbers_as_text: bool = False) -> Any:
    """Parse a JSON body (RFC 8259), strictly.

    Args:
        body: The raw body.
        numbers_as_text: Whether numbers are returned as the texts that they are written as.

    Returns:
        The JSON value as dicts, lists, strings, numbers, booleans and None.

    Raises:
        InvalidRequest: It is not JSON in UTF-8, has NaN or Infinity, a duplicate name in an object,
            a number with too many digits, or nests too deeply.
    """
    if numbers_as_text:
        return _parse_strictly(body, _TEXT_DECODER)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Either it is not JSON, or more than msgspec accepts: the strict parser tells.
        return _parse_strictly(body, _DECODER)
    names, depth = _measure(value, body.count(b"{") + body.count(b"["))
    # A name is followed by a colon, possibly after white space. If there are no more such quotes
    # and colons than names, counting those inside texts too, no name is duplicated.
    if depth <= MAX_DEPTH and body.translate(None, b" \t\n\r").count(b'":') == names:
        return value
    return _parse_strictly(body, _DECODER)


class Number(str):
    """A number as it is written in a JSON text."""

    __slots__ = ()


def parse_exactly(body: bytes) -> Any:
    """Parse a JSON body strictly, and keep all digits of its numbers.

    Args:
        body: The raw body.

    Returns:
        The JSON value, in which numbers are `Number`.

    Raises:
        InvalidRequest: As for `parse_json`.
    """
    return _parse_strictly(body, _EXACT_DECODER)


def write_exactly(value: Any) -> str:
    """Write a JSON value as `parse_exactly` returns it."""
    match value:
        case Number():
            return value
        case dict():
            members = (f"{json.dumps(name)}:{write_exactly(v)}" for name, v in value.items())
            return f"{{{','.join(members)}}}"
        case list():
            return f"[{','.join(map(write_exactly, value))}]"
        case _:
            return json.dumps(value)


def _measure(value: Any, brackets: int) -> tuple[int, int]:
    """Count the names in a JSON value, and its levels of nesting.

    Args:
        value: The value.
        brackets: The number of opening brackets in its text: the search ends once that many arrays
            and objects are found.
    """
    if brackets <= 1:
        return (len(value) if type(value) is dict else 0), brackets
    names, depth, found, level = 0, 0, 0, [value]
    while found < brackets:
        objects = [item for item in level if type(item) is dict]
        arrays = [item for item in level if type(item) is list]
        if not (objects or arrays):
            break
        depth += 1
        found += len(objects) + len(arrays)
        names += sum(map(len, objects))
        if found < brackets:
            level = [*chain(*map(dict.values, objects), *arrays)]
    return names, depth


def _parse_strictly(body: bytes, decoder: json.JSONDecoder) -> Any:
    try:
        value = decoder.decode(body.decode())
    except UnicodeDecodeError:
        raise _refuse("json_invalid", "The body should be UTF-8") from None
    except json.JSONDecodeError as exc:
        message = f"The body should be JSON: {exc.msg} at character {exc.pos}"
        raise _refuse("json_invalid", message) from None
    except RecursionError:
        raise _refuse("json_too_deep", "The body nests too deeply") from None
    except ValueError:
        message = "The body has a number with too many digits"
        raise _refuse("json_invalid", message) from None
    if _measure(value, len(body))[1] > MAX_DEPTH:
        raise _refuse("json_too_deep", f"The body should nest at most {MAX_DEPTH} levels deep")
    return value


def _refuse(code: str, message: str) -> InvalidRequest:
    return InvalidRequest(Violation(message, code, pointer=""))


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidRequest(
            Violation(
                f"The name {twice!r} occurs twice in one object", "duplicate_name", pointer=""
            )
        )
    return result


def _refuse_constant(constant: str) -> NoReturn:
    raise _refuse("json_invalid", f"The body should be JSON, which has no {constant}")


_DECODER = json.JSONDecoder(object_pairs_hook=_read_object, parse_constant=_refuse_constant)
_TEXT_DECODER = json.JSONDecoder(
    object_pairs_hook=_read_object, parse_constant=_refuse_constant, parse_int=str, parse_float=str
)
_EXACT_DECODER = json.JSONDecoder(
    object_pairs_hook=_read_object,
    parse_constant=_refuse_constant,
    parse_int=Number,
    parse_float=Number,
)
