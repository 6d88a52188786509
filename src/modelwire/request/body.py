"""The body as JSON. Syntax only."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from ..errors import InvalidRequest, UnsupportedMediaType, Violation

_MEDIA_TYPES = ("application/json", "application/merge-patch+json")


def check_media_type(content_type: str | None) -> None:
    """Check that a body says that it is JSON in UTF-8.

    Args:
        content_type: The `Content-Type` header.

    Raises:
        UnsupportedMediaType: It says something else, or nothing.
    """
    media_type, _, parameters = (content_type or "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if media_type.strip().lower() not in _MEDIA_TYPES or charset not in ("", "utf-8", "utf8"):
        raise UnsupportedMediaType("Send the body as Content-Type: application/json, in UTF-8")


def parse_json(body: bytes) -> Any:
    """Parse a JSON body (RFC 8259), strictly.

    Args:
        body: The body as it came.

    Returns:
        The JSON value as dicts, lists, strings, numbers, booleans and None.

    Raises:
        InvalidRequest: It is no JSON in UTF-8, has NaN or Infinity, a name twice in one object,
            a number of too many digits, or nests too deeply.
    """
    try:
        return _DECODER.decode(body.decode())
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
