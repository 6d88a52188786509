"""Finds the route of a request in one look-up, however many routes there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from .paths import PathTree, decode_keys, segments_of, split_path
from .route import PATH_MATCH, PathMatch, ResourceRoute

DOCS = frozenset({"openapi", "swagger_ui_html", "swagger_ui_redirect", "redoc_html"})
"""The names of the routes that FastAPI adds to each application."""


def place_dispatcher(app: FastAPI, dispatcher: Dispatcher) -> None:
    """Add a dispatcher behind the routes that an application has.

    It stands before FastAPI's docs where these are all: no request would have to ask four routes
    first that it is hardly ever for.
    """
    routes = app.router.routes
    only_docs = all(isinstance(route, Route) and route.name in DOCS for route in routes)
    routes.insert(0 if only_docs else len(routes), dispatcher)


class Dispatcher(BaseRoute):
    """Stands before the routes of the resources and finds the one that a request is for.

    Paths are matched before they are percent-decoded, so that a key may hold a slash. A route of
    the user's own that has exactly a path such as `/users/me` wins wherever it stands: `me` is no
    key then.

    Args:
        app: The application.
        reserved: Segments that are no key as they stand.
    """

    def __init__(self, app: FastAPI, reserved: frozenset[str]) -> None:
        self.path_format: str | None = None
        self._app = app
        self._tree: PathTree[ResourceRoute] = PathTree(reserved)
        self._known_routes = 0
        self._own_paths: Collection[Sequence[str]] = ()

    def add(self, route: ResourceRoute) -> None:
        """Lead requests to a route; HEAD too where it answers GET."""
        place = self._tree.at(route.path)
        for method in route.methods:
            place.values[method] = route
        if "GET" in route.methods:
            place.values["HEAD"] = route

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the route."""
        if scope["type"] != "http":
            return Match.NONE, {}
        found = self.find(scope)
        if found is None:
            return Match.NONE, {}
        routes, match = found
        route = routes.get(scope["method"])
        allowed = route is not None
        route = route or next(iter(routes.values()))
        # FastAPI reads this for its telemetry as soon as this method has returned.
        self.path_format = route.path_format
        given = decode_keys(match.keys, route.endpoint.key_names)
        child = {
            "endpoint": route.endpoint,
            "path_params": {**scope.get("path_params", {}), **given},
            "route": route,
            PATH_MATCH: match,
        }
        return (Match.FULL if allowed else Match.PARTIAL), child

    def find(self, scope: Scope) -> tuple[Mapping[str, ResourceRoute], PathMatch] | None:
        """Find what is at the path of a request.

        Returns:
            Its routes by method, and where it is; None where nothing of the resources' is.
        """
        segments = segments_of(scope)
        found = self._tree.find(segments)
        if found is None or (found[1] and self._is_shadowed(segments)):
            return None
        return found[0].values, PathMatch(segments, found[1])

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the route that `matches` has found."""
        route: ResourceRoute = scope["route"]
        method = scope["method"]
        if method not in route.methods and not (method == "HEAD" and "GET" in route.methods):
            raise HTTPException(405, headers={"Allow": ", ".join(route.methods)})
        await route.app(scope, receive, send)

    def _is_shadowed(self, segments: Sequence[str]) -> bool:
        routes = self._app.router.routes
        if self._known_routes != len(routes):
            self._known_routes = len(routes)
            self._own_paths = {
                split_path(route.path)
                for route in iter_route_contexts(routes)
                if route.path
                and route.methods
                and "{" not in route.path
                and not isinstance(route.original_route, ResourceRoute)
            }
        return segments in self._own_paths
