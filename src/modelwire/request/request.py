"""Query string, body and headers as typed values. Syntax only, pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from msgspec import Struct

from ..access.principal import ANYONE, Principal
from ..memory import known_if_short
from .body import check_encoding, check_media_type, parse_json
from .headers import (
    FORMATS,
    Format,
    Preconditions,
    choose_format,
    parse_entity_tags,
    parse_idempotency_key,
    parse_max_affected,
    parse_preconditions,
    parse_prefer,
    read_headers,
)
from .logic import Comparison, Group, parse_logic
from .query import Parameter, parse_query, read_query_object


class Request(Struct, frozen=True):
    """One request to a resource, as it came.

    Args:
        method: The HTTP method.
        query_string: What follows the `?`, undecoded.
        headers: The headers as `read_headers` gives them.
        keys: The keys in the path, their components still percent-encoded.
        path: The path of the resource as the client sees it, for `Location`.
        segments: The segments of the path that was asked for, still percent-encoded.
        body: The body; empty where it has none.
        caller: Who asks; nobody is known where the application has no callers.
    """

    method: str
    query_string: bytes
    headers: Mapping[bytes, bytes] = {}
    keys: Sequence[str] = ()
    path: str = ""
    segments: Sequence[str] = ()
    body: bytes = b""
    caller: Principal = ANYONE

    @property
    def key(self) -> str:
        """The first key in the path."""
        return self.keys[0]

    @property
    def base(self) -> str:
        """The path of the resource, percent-encoded."""
        return _quote_path(self.path)

    def header(self, name: bytes) -> str | None:
        """The value of a header, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


@known_if_short
def _quote_path(path: str) -> str:
    return quote(path)


__all__ = [
    "FORMATS",
    "Comparison",
    "Format",
    "Group",
    "Parameter",
    "Preconditions",
    "Request",
    "check_encoding",
    "check_media_type",
    "choose_format",
    "parse_entity_tags",
    "parse_idempotency_key",
    "parse_json",
    "parse_logic",
    "parse_max_affected",
    "parse_preconditions",
    "parse_prefer",
    "parse_query",
    "read_headers",
    "read_query_object",
]
