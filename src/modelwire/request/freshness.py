"""The freshness that an answer must have: the writes that it must show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from msgspec import Struct

from ..errors import InvalidRequest, Violation
from .headers import parse_prefer

POSITION = "Modelwire-Position"
"""Header with a position in the write-ahead log: that of an answer, or the least one required."""

COOKIE = "modelwire_position"
"""Cookie with the same position, for browsers."""

LATEST = "latest"
"""The position for a client that may have seen all writes."""

_POSITION = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


class Freshness(Struct, frozen=True):
    """Freshness that an answer must have.

    Args:
        position: The least position in the write-ahead log.
        is_latest: Whether it must show all earlier commits.
        max_staleness_s: Seconds after which it must show a commit; None for no limit.
        is_followed: Whether the client wants to be told the position of the answer.
    """

    position: int = 0
    is_latest: bool = False
    max_staleness_s: float | None = None
    is_followed: bool = False


ANY = Freshness()
"""No requirement."""


def read_freshness(headers: Mapping[bytes, bytes], *, cookies: bool) -> Freshness:
    """Read the freshness that an answer must have.

    Args:
        headers: The headers of the request.
        cookies: Whether to read the cookie.

    Returns:
        The requirements of the header, the cookie and the preferences `consistency=strong` and
        `max-staleness` together.

    Raises:
        InvalidRequest: The header is not a position.
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
                f"{POSITION} should be that of an earlier answer, such as 0/16B3740, or {LATEST}",
                "invalid_header",
            )
        )
    return position or 0, position is None


def _find_cookie(header: str) -> str:
    """Return the cookie's value; the very first position if the client has no cookie yet."""
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return LATEST
    return "0/0" if found is None else found.value


def without_position(cookies: bytes) -> bytes:
    """Return a `Cookie` header without the cookie with the position."""
    pairs = [pair.strip() for pair in cookies.split(b";")]
    return b"; ".join(p for p in pairs if p.partition(b"=")[0].strip() != COOKIE.encode())


def read_position(text: str) -> int | None:
    """Read a position as PostgreSQL writes it (manual, 8.20); return None if it is malformed."""
    match = _POSITION.fullmatch(text)
    return None if match is None else (int(match[1], 16) << 32) + int(match[2], 16)


def write_position(position: int) -> str:
    """Write a position as PostgreSQL does."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
