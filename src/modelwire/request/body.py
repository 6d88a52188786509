"""The body as JSON. Syntax only."""

from __future__ import annotations

import json
from email.message import Message
from typing import Any, NoReturn

from ..errors import InvalidRequest, UnsupportedMediaType, Violation

MAX_DEPTH = 100
"""Levels of arrays and objects in a body."""

_MEDIA_TYPES = ("application/json", "application/merge-patch+json")


def check_media_type(content_type: str | None) -> None:
    """Check that a body says that it is JSON in UTF-8.

    Args:
        content_type: The `Content-Type` header.

    Raises:
        UnsupportedMediaType: It says something else, or nothing.
    """
    message = Message()
    message["content-type"] = content_type or ""
    charset = message.get_content_charset("utf-8")
    if message.get_content_type() not in _MEDIA_TYPES or charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("Send the body as Content-Type: application/json, in UTF-8")


def parse_json(body: bytes, *, numbers_as_text: bool = False) -> Any:
    """Parse a JSON body (RFC 8259), strictly.

    Args:
        body: The body as it came.
        numbers_as_text: Whether a number becomes the text that it is written as.

    Returns:
        The JSON value as dicts, lists, strings, numbers, booleans and None.

    Raises:
        InvalidRequest: It is no JSON in UTF-8, has NaN or Infinity, a name twice in one object,
            a number of too many digits, or nests too deeply.
    """
    try:
        value = (_TEXT_DECODER if numbers_as_text else _DECODER).decode(body.decode())
    except UnicodeDecodeError:
        raise _refuse("json_invalid", "The body should be UTF-8") from None
    except json.JSONDecodeError as exc:
        message = f"The body should be JSON: {exc.msg} at character {exc.pos}"
        raise _refuse("json_invalid", message) from None
    except RecursionError:
        raise _refuse("json_too_deep", "The body nests too deeply") from None
    except ValueError:
        message = "The body has a number of too many digits"
        raise _refuse("json_invalid", message) from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_too_deep(value):
        raise _refuse("json_too_deep", f"The body should nest at most {MAX_DEPTH} levels deep")
    return value


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        containers = [item for item in level if isinstance(item, (dict, list))]
        if not containers:
            return False
        level = [
            inner
            for item in containers
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return True


def _refuse(code: str, message: str) -> InvalidRequest:
    return InvalidRequest(Violation(message, code, pointer=""))


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidRequest(
            Violation(
                f"The name {twice!r} stands twice in one object", "duplicate_name", pointer=""
            )
        )
    return result


def _refuse_constant(constant: str) -> NoReturn:
    raise _refuse("json_invalid", f"The body should be JSON, which has no {constant}")


_DECODER = json.JSONDecoder(object_pairs_hook=_read_object, parse_constant=_refuse_constant)
_TEXT_DECODER = json.JSONDecoder(
    object_pairs_hook=_read_object, parse_constant=_refuse_constant, parse_int=str, parse_float=str
)
