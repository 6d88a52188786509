"""HTML of the page, which holds no data but the URL of its script and the security schemes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from secrets import token_urlsafe
from urllib.parse import urlsplit

from ...openapi.values import JSONSchema
from ...respond.answer import Answer
from .assets import Assets

_NONCE_BYTES = 18

NOSNIFF = (b"x-content-type-options", b"nosniff")
NO_STORE = (b"cache-control", b"no-store")

_HEADERS = (
    (b"content-type", b"text/html; charset=utf-8"),
    NO_STORE,
    NOSNIFF,
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


def write_page(
    assets: Assets, title: str, root: str, path: str, schemes: Mapping[str, JSONSchema]
) -> Answer:
    """Write the page for one request.

    Args:
        assets: The files.
        title: The application's title.
        root: The path under which a proxy serves the application.
        path: The path of the page, below `root`.
        schemes: The security schemes of the OpenAPI document, by which the page signs callers in.
    """
    nonce = token_urlsafe(_NONCE_BYTES)
    html = _PAGE.format(
        title=escape(title),
        nonce=nonce,
        root=escape(root),
        admin=escape(root + path),
        schemes=escape(json.dumps(schemes, ensure_ascii=False)),
        script=f"{escape(root + path)}/assets/{assets.script}",
        icon=f"{escape(root + path)}/assets/{assets.icon}",
    )
    policy = _write_policy(nonce, _find_origins(schemes))
    return Answer(200, html.encode(), (*_HEADERS, (b"content-security-policy", policy.encode())))


def _write_policy(nonce: str, origins: Sequence[str]) -> str:
    """Return the Content-Security-Policy of the page.

    It allows no other origins but those of token URLs, and no inline style without the nonce.
    """
    asked = " ".join(("'self'", *origins))
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'nonce-{nonce}'",
            "img-src 'self' data:",
            f"connect-src {asked}",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _find_origins(schemes: Mapping[str, JSONSchema]) -> Sequence[str]:
    """Return the other origins that issue tokens for passwords."""
    urls = [urlsplit(flow.get("tokenUrl", "")) for flow in map(_find_flow, schemes.values())]
    return sorted({f"{u.scheme}://{u.netloc}" for u in urls if u.scheme in _WEB and u.netloc})


_WEB = ("http", "https")


def _find_flow(scheme: JSONSchema) -> JSONSchema:
    flow: JSONSchema = scheme.get("flows", {}).get("password", {})
    return flow


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta property="csp-nonce" nonce="{nonce}">
<title>{title}</title>
<link rel="icon" href="{icon}">
<script type="module" src="{script}"></script>
</head>
<body>
<div id="admin" data-root="{root}" data-admin="{admin}" data-title="{title}" \
data-schemes="{schemes}"></div>
<noscript>This page needs JavaScript.</noscript>
</body>
</html>
"""
