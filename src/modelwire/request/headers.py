"""The headers that modelwire reads. Syntax only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

_PREFERENCE = re.compile(r'\s*([\w-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s;,]*)))?')
_ENTITY_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


class Format(StrEnum):
    """The formats of a stream, by their media type."""

    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    JSONL = "application/jsonl"
    CSV = "text/csv"


def parse_prefer(header: str | None) -> Mapping[str, str]:
    """Parse a `Prefer` header (RFC 7240, section 2); the first of a repeated preference holds.

    Args:
        header: The header's value; several headers joined by commas.

    Returns:
        The value of each preference, empty where it has none.
    """
    preferences: dict[str, str] = {}
    for part in (header or "").split(","):
        match = _PREFERENCE.match(part)
        if match:
            preferences.setdefault(match[1].lower(), match[2] or match[3] or "")
    return preferences


def parse_entity_tags(header: str | None) -> tuple[str, ...]:
    """Parse `If-None-Match` or `If-Match` (RFC 9110, section 13.1).

    Args:
        header: The header's value.

    Returns:
        The opaque tags without their quotes, weak ones included; `("*",)` for any.
    """
    if header is None:
        return ()
    return ("*",) if header.strip() == "*" else tuple(_ENTITY_TAG.findall(header))


def choose_format(accept: str | None) -> Format:
    """Choose a stream's format by `Accept` (RFC 9110, section 12.5.1); JSON where it allows none.

    Args:
        accept: The header's value.

    Returns:
        The format with the highest weight; of equal ones the one named first.
    """
    best, best_weight = Format.JSON, 0.0
    for part in (accept or "").split(","):
        media_type, *parameters = (p.strip().lower() for p in part.split(";"))
        weight = _weight(parameters)
        if media_type in _FORMATS and weight > best_weight:
            best, best_weight = _FORMATS[media_type], weight
    return best


_FORMATS: Mapping[str, Format] = {
    **{f.value: f for f in Format},
    "*/*": Format.JSON,
    "application/*": Format.JSON,
    "text/*": Format.CSV,
}


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return 0.0
    return 1.0
