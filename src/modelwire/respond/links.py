"""The `Link` header of lists (RFC 8288)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]

MAX_LINK_BYTES = 4000
"""Bytes of a header that says where the other pages are. Beyond, it is left out, since proxies
refuse answers whose headers are long; the body has what a client needs to go on."""

_PAGING = frozenset({"skip", "cursor"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a page lies in its list.

    Args:
        skip: Rows before it.
        limit: Rows on it, at most.
        total: Rows in the list, where that is known.
        has_next: Whether there are rows after it.
    """

    skip: int
    limit: int
    total: int | None
    has_next: bool


@dataclass(frozen=True, slots=True)
class Address:
    """Where a list was asked for.

    Args:
        path: Its path as the client sees it.
        query_string: What followed the `?`, undecoded.
    """

    path: str
    query_string: bytes

    def link(self, relation: str, name: str, value: object) -> str:
        """Write a link to another page: the same query, which starts elsewhere."""
        query = "&".join([*self._kept(), f"{name}={value}"])
        return f'<{_escape(self.path)}?{query}>; rel="{relation}"'

    def _kept(self) -> list[str]:
        pairs = [pair for pair in self.query_string.decode("latin-1").split("&") if pair]
        return [_escape(pair) for pair in pairs if pair.partition("=")[0] not in _PAGING]


def link_pages(address: Address, bounds: Bounds, *, exact: bool) -> Headers:
    """Link to the pages around a page that was cut by the number of rows before it.

    Args:
        address: Where it was asked for.
        bounds: Where it lies.
        exact: Whether the total is more than an estimate.

    Returns:
        The header.
    """
    skip, limit, total = bounds.skip, bounds.limit, bounds.total
    last = None
    if exact and total is not None:
        last = max(0, skip + (total - 1 - skip) // limit * limit) if total else 0
    starts: list[tuple[str, int | None]] = [
        ("first", 0),
        ("prev", _start_before(skip, limit, last) if skip else None),
        ("next", skip + limit if bounds.has_next else None),
        ("last", last),
    ]
    return _header([address.link(rel, "skip", at) for rel, at in starts if at is not None])


def link_keyset(address: Address, following: str | None, previous: str | None) -> Headers:
    """Link to the pages around a page between two cursors."""
    cursors = (("first", ""), ("prev", previous), ("next", following))
    return _header([address.link(rel, "cursor", at) for rel, at in cursors if at is not None])


def _start_before(skip: int, limit: int, last: int | None) -> int:
    """Where the page before starts; past the end of the list that is the last one."""
    return max(0, skip - limit) if last is None else min(max(0, skip - limit), last)


def _escape(text: str) -> str:
    """Percent-encode what would end the link early, or can't stand in a header."""
    return "".join(c if "!" <= c <= "~" and c not in '<>"' else f"%{ord(c):02X}" for c in text)


def _header(links: Sequence[str]) -> Headers:
    header = ", ".join(links)
    return (("link", header),) if len(header) <= MAX_LINK_BYTES else ()
