"""Docs pages that load nothing from the internet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from ..extras import is_installed, require
from ..plan.reading.query import refuse_parameters
from ..request.query import parse_query
from .document import Document, DocumentPage
from .route_names import has_path

ASSETS = "/docs-assets"
DOCS = frozenset({"openapi", "swagger_ui_html", "swagger_ui_redirect", "redoc_html"})
"""Names of the routes that FastAPI adds to each application."""

_FASTAPI_PAGES = ("swagger_ui_html", "redoc_html")

_UNFOLDED = 100
"""Maximum number of operations that the page shows expanded; beyond, it shows their tags."""

_ASSETS_PACKAGE = "fastapi_offline"

_PLUGIN = Path(__file__).with_name("docs_page.js").read_text()

Endpoint = Callable[[Request], Awaitable[Response]]


def serve_document(app: FastAPI, document: Document) -> None:
    """Serve an application's OpenAPI document at FastAPI's path, where it has one."""
    routes = app.router.routes
    known = {route.name: route for route in routes if isinstance(route, Route)}
    if "openapi" in known:
        _replace(routes, known["openapi"], DocumentPage(app, document).read)


def serve_docs(app: FastAPI) -> None:
    """Serve FastAPI's docs pages with assets from a package instead of a CDN.

    Args:
        app: The application. Pages that it has disabled or replaced are left alone.

    Raises:
        ConfigurationError: The package is not installed.
    """
    routes = app.router.routes
    known = {route.name: route for route in routes if isinstance(route, Route)}
    pages = {name: known[name] for name in _FASTAPI_PAGES if name in known}
    if not pages:
        return
    app.mount(ASSETS, StaticFiles(directory=_find_assets()), name="docs-assets")
    for name, render in (("swagger_ui_html", _swagger), ("redoc_html", _redoc)):
        if name in pages:
            _replace(routes, pages[name], render)


def _replace(routes: list[BaseRoute], route: Route, endpoint: Endpoint) -> None:
    """Replace the endpoint of a route by one that refuses unknown parameters."""

    async def answer(request: Request) -> Response:
        refuse_parameters(parse_query(request.scope["query_string"]))
        return await endpoint(request)

    routes[routes.index(route)] = Route(
        route.path, answer, name=route.name, include_in_schema=False
    )


def has_assets() -> bool:
    """Whether the package with the assets of the pages is installed."""
    return is_installed(_ASSETS_PACKAGE)


def _find_assets() -> Path:
    require(_ASSETS_PACKAGE, "mount(offline_docs=True)")
    spec = find_spec(_ASSETS_PACKAGE)
    return Path(str(spec and spec.origin)).parent / "static"


async def _swagger(request: Request) -> Response:
    app: FastAPI = request.app
    root = request.scope.get("root_path", "").rstrip("/")
    redirect = app.swagger_ui_oauth2_redirect_url
    folded = {"docExpansion": "none"} if len(app.routes) > _UNFOLDED else {}
    page: HTMLResponse = get_swagger_ui_html(
        openapi_url=f"{root}{app.openapi_url}",
        title=f"{app.title} - Swagger UI",
        oauth2_redirect_url=f"{root}{redirect}" if redirect else None,
        init_oauth=app.swagger_ui_init_oauth,
        swagger_ui_parameters={**folded, **(app.swagger_ui_parameters or {})},
        swagger_js_url=f"{root}{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{root}{ASSETS}/favicon.png",
    )
    html = bytes(page.body).decode()
    return HTMLResponse(html.replace("<script>", f"<script>{_PLUGIN}</script><script>", 1))


async def _redoc(request: Request) -> Response:
    app: FastAPI = request.app
    root = request.scope.get("root_path", "").rstrip("/")
    page: HTMLResponse = get_redoc_html(
        openapi_url=f"{root}{app.openapi_url}",
        title=f"{app.title} - ReDoc",
        redoc_js_url=f"{root}{ASSETS}/redoc.standalone.js",
        redoc_favicon_url=f"{root}{ASSETS}/favicon.png",
        with_google_fonts=False,
    )
    return page


def answer_docs_with_slash(app: FastAPI) -> None:
    """Answer the docs' paths with a trailing slash too, where FastAPI would redirect."""
    for route in tuple(app.router.routes):
        if isinstance(route, Route) and route.name in DOCS:
            path = f"{route.path}/"
            if not has_path(app, path):
                app.router.add_route(path, route.endpoint, name=path, include_in_schema=False)
