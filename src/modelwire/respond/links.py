"""`Link` header of lists (RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

from msgspec import Struct

Headers = tuple[tuple[bytes, bytes], ...]
"""Headers as in ASGI, names in lower case."""

MAX_LINK_BYTES = 4000
"""Maximum length of a `Link` header, in bytes.

A longer header is left out, since proxies refuse responses with long headers; the body has what a
client needs to go on.
"""

_PAGING = frozenset({"skip", "cursor"})


class Bounds(Struct, frozen=True):
    """Position of a page in its list.

    Args:
        skip: The number of rows before it.
        limit: The most rows on it.
        total: The number of rows in the list, where known.
        has_next: Whether rows follow after it.
    """

    skip: int
    limit: int
    total: int | None
    has_next: bool


class Address(Struct, frozen=True):
    """URL of a list.

    Args:
        path: Its path as the client sees it.
        query_string: Its query string, still encoded.
    """

    path: str
    query_string: bytes

    def link(self, name: str, pages: Iterable[tuple[str, object | None]]) -> Headers:
        """Write links to other pages: the same query with another start.

        Args:
            name: The parameter that sets the start.
            pages: The relation and the start of each page; None where the page does not exist.
        """
        kept = ""
        for pair in self.query_string.decode("latin-1").split("&"):
            given = pair.partition("=")[0]
            if pair and (unquote_plus(given) if "%" in given else given) not in _PAGING:
                kept += f"{pair}&"
        # Characters that would end the link early, or can't be in a header, are percent-encoded.
        start = _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", f"{self.path}?{kept}{name}=")
        header = ", ".join([f'<{start}{at}>; rel="{rel}"' for rel, at in pages if at is not None])
        return ((b"link", header.encode("latin-1")),) if len(header) <= MAX_LINK_BYTES else ()


def link_pages(address: Address, bounds: Bounds, *, exact: bool) -> Headers:
    """Link to the pages around a page of offset pagination.

    Args:
        address: The URL of the list.
        bounds: The position of the page.
        exact: Whether the total is exact, rather than an estimate.

    Returns:
        The header.
    """
    skip, limit, total = bounds.skip, bounds.limit, bounds.total
    last, before = None, max(0, skip - limit)
    if total is not None:
        last = max(0, skip + (total - 1 - skip) // limit * limit)
        before = min(before, last)  # past the end of the list
    starts: list[tuple[str, object | None]] = [
        ("first", 0),
        ("prev", before if skip else None),
        ("next", skip + limit if bounds.has_next else None),
        ("last", last if exact else None),
    ]
    return address.link("skip", starts)


def link_keyset(address: Address, following: str | None, previous: str | None) -> Headers:
    """Link to the pages around a page between two cursors."""
    cursors = (("first", ""), ("prev", previous), ("next", following))
    return address.link("cursor", cursors)


_UNSAFE = re.compile(r"[^!#-;=?-~]")
