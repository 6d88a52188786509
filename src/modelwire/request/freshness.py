"""How much of what was written an answer has to show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from msgspec import Struct

from ..errors import InvalidRequest, Violation
from .headers import parse_prefer

POSITION = "Modelwire-Position"
"""The header that says how far in the log of all writes an answer is, or has to be at least."""

COOKIE = "modelwire_position"
"""The cookie that says the same for browsers."""

LATEST = "latest"
"""The position of a client that is not known to have seen less than all."""

_POSITION = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


class Freshness(Struct, frozen=True):
    """How much of what was written an answer has to show.

    Args:
        position: How far it has to be at least.
        is_latest: Whether it has to show all that was committed before.
        max_staleness_s: Seconds after which what was committed has to be shown; None for any.
        is_followed: Whether the client wants to know how far the answer is.
    """

    position: int = 0
    is_latest: bool = False
    max_staleness_s: float | None = None
    is_followed: bool = False


ANY = Freshness()
"""Whatever there is."""


def read_freshness(headers: Mapping[bytes, bytes], *, cookies: bool) -> Freshness:
    """Read how much an answer has to show.

    Args:
        headers: The headers of the request.
        cookies: Whether the cookie counts.

    Returns:
        What the header, the cookie and the preferences `consistency=strong` and `max-staleness`
        ask for together.

    Raises:
        InvalidRequest: The header is no position.
    """
    given, prefer = headers.get(b"modelwire-position"), headers.get(b"prefer")
    if given is None and prefer is None and not cookies:
        return ANY
    position, is_latest = 0, False
    if given is not None:
        position, is_latest = _read_header(given.decode("latin-1"))
    if cookies:
        kept = read_position(_find_cookie(headers.get(b"cookie", b"").decode("latin-1")))
        position, is_latest = max(position, kept or 0), is_latest or kept is None
    preferences = parse_prefer(None if prefer is None else prefer.decode("latin-1"))
    seconds = preferences.get("max-staleness", "")
    return Freshness(
        position,
        is_latest or preferences.get("consistency") == "strong",
        float(seconds) if _SECONDS.fullmatch(seconds) else None,
        is_followed=given is not None or cookies,
    )


def _read_header(text: str) -> tuple[int, bool]:
    position = read_position(text)
    if position is None and text != LATEST:
        raise InvalidRequest(
            Violation(
                f"{POSITION} should be as an earlier answer had it, such as 0/16B3740 or {LATEST}",
                "invalid_header",
            )
        )
    return position or 0, position is None


def _find_cookie(header: str) -> str:
    """The cookie's value; that of the very beginning where a client has none yet."""
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return LATEST
    return "0/0" if found is None else found.value


def read_position(text: str) -> int | None:
    """Read a position as PostgreSQL writes it (manual, 8.20); None if it is none."""
    match = _POSITION.fullmatch(text)
    return None if match is None else (int(match[1], 16) << 32) + int(match[2], 16)


def write_position(position: int) -> str:
    """Write a position as PostgreSQL does."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
