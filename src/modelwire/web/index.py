"""Page at the root of an application without a root page of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from .paths import path_of


@dataclass(slots=True)
class Index:
    """Page with links to the routes of an application.

    It answers only requests that no route answers, and says no more than the OpenAPI document, so
    it is disabled along with that.

    Args:
        lists: The paths of the lists of resources.
        health: The path of the health routes; None where there are none.
        admin: The paths of the admin pages.
    """

    lists: list[str] = field(default_factory=list)
    health: str | None = None
    admin: list[str] = field(default_factory=list)

    def answers(self, request: Request) -> bool:
        """Whether a request without a route is for this page."""
        is_read = request.method in ("GET", "HEAD") and not request.scope["query_string"]
        return is_read and not path_of(request.scope) and bool(request.app.openapi_url)

    def answer(self, request: Request) -> Response:
        """Answer a request, with HTML or JSON by its `Accept` header."""
        app: FastAPI = request.app
        root = request.scope.get("root_path", "").rstrip("/")
        links = [(name, f"{root}{path}") for name, path in self._links(app)]
        headers = {"vary": "accept", "cache-control": "no-cache"}
        if "text/html" not in request.headers.get("accept", ""):
            body = {"title": app.title, "version": app.version, "links": dict(links)}
            return Response(json.dumps(body), headers=headers, media_type="application/json")
        return Response(_write_page(app, links), headers=headers, media_type="text/html")

    def _links(self, app: FastAPI) -> Sequence[tuple[str, str]]:
        pages = (("docs", app.docs_url), ("openapi", app.openapi_url), ("health", self.health))
        named = [(name, path) for name, path in pages if path is not None]
        return [*named, *((path.strip("/"), path) for path in (*self.admin, *self.lists))]


def _write_page(app: FastAPI, links: Sequence[tuple[str, str]]) -> str:
    items = "\n".join(
        f'<li><a href="{escape(path)}">{escape(name)}</a> <code>{escape(path)}</code></li>'
        for name, path in links
    )
    title = escape(app.title)
    return _PAGE.format(title=title, version=escape(app.version), items=items)


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto }}
code {{ opacity: .7 }}
</style>
</head>
<body>
<h1>{title} <small>{version}</small></h1>
<ul>
{items}
</ul>
</body>
</html>
"""
