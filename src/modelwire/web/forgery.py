"""Cross-site request forgery (CSRF): writes that a page of another origin could send unasked.

Browsers ask the server before a page of another origin may send JSON, or any method but GET, HEAD
and POST (the preflight of CORS). That leaves POST requests without a body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import CrossOriginRefused
from .cors import is_own

_HERE = (b"same-origin", b"none")
"""Values of `Sec-Fetch-Site` for the application's own pages, and for no page at all."""

_AMBIENT = (b"basic", b"digest", b"negotiate")
"""Schemes of credentials that browsers add to requests by themselves."""


def check_origin(headers: Mapping[bytes, bytes], trusts: Callable[[str], bool]) -> None:
    """Check that no page of another origin has sent a request with the credentials of its visitor.

    Args:
        headers: The headers of the request, which has no body.
        trusts: Whether pages of another origin may send it.

    Raises:
        CrossOriginRefused: Such a page could have sent it.
    """
    if _has_ambient_credentials(headers) and _is_from_elsewhere(headers, trusts):
        raise CrossOriginRefused(
            "A page of another origin can't send this request with cookies; the operator of "
            "the service can allow origins by MODELWIRE_CORS_ORIGINS"
        )


def _has_ambient_credentials(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request has credentials that its browser has added, and no others."""
    scheme = headers.get(b"authorization", b"").partition(b" ")[0].lower()
    return scheme in _AMBIENT or (not scheme and b"cookie" in headers)


def _is_from_elsewhere(headers: Mapping[bytes, bytes], trusts: Callable[[str], bool]) -> bool:
    site = headers.get(b"sec-fetch-site")
    if site in _HERE or (site is None and b"origin" not in headers):
        return False
    origin = headers.get(b"origin", b"").decode("latin-1")
    host = headers.get(b"host", b"").decode("latin-1")
    # Older browsers, and all without TLS, name the origin alone.
    return not ((site is None and is_own(origin, host)) or trusts(origin))
