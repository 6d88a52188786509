"""Requests to the application by which tools are carried out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from msgspec import UNSET

from ...plan.keys import escape_reserved
from ...plan.reading.query import PARAMETERS
from .arguments import Filtered, Key
from .refusals import BadArguments
from .served import Named
from .surface import Headers

_REFERENCE = re.compile(r"\{[0-9]+(\.[^{}/]+)*\}")
"""Reference to a value of an earlier answer, in the path of a request of a batch."""


@dataclass(frozen=True, slots=True)
class HTTPRequest:
    """Request to the application.

    Args:
        method: Its method.
        path: Its path and query, percent-encoded.
        body: Its JSON body, or None.
        headers: Its own headers.
    """

    method: str
    path: str
    body: Any = None
    headers: Headers = ()

    @property
    def content(self) -> bytes | None:
        """Body as it is sent."""
        return None if self.body is None else encode(self.body)


def encode(value: object) -> bytes:
    """Encode JSON as it is sent.

    Raises:
        BadArguments: It is nested too deeply.
    """
    try:
        return json.dumps(value).encode()
    except RecursionError:
        raise BadArguments("The arguments are nested too deeply") from None


def write_path(named: Named, key: Key, *, refers: bool = False) -> str:
    """Write the path of a row.

    Args:
        named: Its resource.
        key: Its key.
        refers: Whether a component of the key may be a reference to an earlier answer.

    Raises:
        BadArguments: The key is empty, so that the path would be that of the list.
    """
    written = ",".join(_write_component(p, refers=refers) for p in _split_key(named, key))
    if not written:
        raise BadArguments("key: should not be empty")
    return f"{named.path}/{escape_reserved(written)}"


def _split_key(named: Named, key: Key) -> Sequence[object]:
    names = [field.name for field in named.table.key]
    if not isinstance(key, list):
        return key.split(",") if isinstance(key, str) and len(names) > 1 else [key]
    if len(key) != len(names):
        raise BadArguments(f"key: should have a value for each of {', '.join(names)}")
    return key


def _write_component(part: object, *, refers: bool) -> str:
    text = str(part)
    if refers and _REFERENCE.fullmatch(text):
        return text
    return quote(text, safe="", errors="surrogatepass")


def write_key(named: Named, key: Key) -> str | int:
    """Write a key as in the body of a bulk request."""
    if not isinstance(key, list):
        return key
    parts = _split_key(named, key)
    if len(parts) == 1:
        return key[0]
    return ",".join(_write_component(part, refers=False) for part in parts)


def write_query(parameters: Mapping[str, Any]) -> str:
    """Write a query string, in which a list is a repeated parameter.

    A parameter that occurs once may be read as a list with commas, a repeated one is not. So the
    one value of a list is written twice.
    """
    pairs = (
        (name, value)
        for name, given in parameters.items()
        for value in (_repeat(given) if isinstance(given, list) else [given])
    )
    text = "&".join(f"{_quote(name)}={_quote(_write_value(value))}" for name, value in pairs)
    return f"?{text}" if text else ""


def _repeat(values: list[Any]) -> list[Any]:
    return values * 2 if len(values) == 1 else values


def _write_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return json.dumps(value)
    raise BadArguments(
        "filters: each value should be a text, a number, true or false, or an array of such; find "
        'null by {"field__isnull": true}'
    )


def _quote(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def conditions_of(arguments: Filtered) -> dict[str, Any]:
    """Return the parameters of a list that select rows.

    Raises:
        BadArguments: A filter has the name of a parameter that is not a filter.
    """
    filters = {} if arguments.filters is UNSET else arguments.filters
    reserved = [name for name in filters if name in PARAMETERS]
    if reserved:
        name = reserved[0]
        raise BadArguments(
            f"filters: `{name}` is no filter; a field of that name is filtered by `{name}__eq`, "
            f"and `{'search' if name == 'q' else name}` is an argument of its own"
        )
    return {**filters, **given(("or", arguments.or_), ("q", arguments.search))}


def given(*pairs: tuple[str, Any]) -> dict[str, Any]:
    """Return the parameters that are given: neither unset nor an empty list."""
    return {name: value for name, value in pairs if value is not UNSET and value != []}


def headers_of(pairs: Iterable[tuple[str, object]]) -> Headers:
    """Return the headers that are given.

    Raises:
        BadArguments: A value can't be in a header.
    """
    return [(name.lower().encode(), _write_header(name, v)) for name, v in pairs if v is not UNSET]


def _write_header(name: str, value: object) -> bytes:
    text = str(value)
    if not text.isascii() or not text.isprintable():
        argument = name.lower().replace("-", "_")
        raise BadArguments(f"{argument}: should be printable ASCII characters")
    return text.encode()
