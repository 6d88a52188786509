"""Query string, body and headers as typed values. Syntax only, pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .body import check_media_type, parse_json
from .headers import Format, choose_format, parse_entity_tags, parse_prefer
from .logic import Comparison, Group, parse_logic
from .query import Parameter, parse_query, read_query_object


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a resource, as it came.

    Args:
        method: The HTTP method.
        query_string: What follows the `?`, undecoded.
        headers: The headers, names in lower case, repeated ones joined by commas.
        key: The key in the path, its components still percent-encoded; None where it has none.
        base: The path of the resource as the client sees it, for `Location`.
        body: The body; empty where it has none.
    """

    method: str
    query_string: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    base: str = ""
    body: bytes = b""


__all__ = [
    "Comparison",
    "Format",
    "Group",
    "Parameter",
    "Request",
    "check_media_type",
    "choose_format",
    "parse_entity_tags",
    "parse_json",
    "parse_logic",
    "parse_prefer",
    "parse_query",
    "read_query_object",
]
