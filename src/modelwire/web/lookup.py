"""Finds the resource's route that a request is for in one look-up, however many there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from fastapi import FastAPI
from msgspec import Struct
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from ..compat.fastapi import TELEMETRY
from ..compat.starlette import put_before
from ..plan.keys import RESERVED
from .own_routes import OwnRoutes
from .paths import PathMatch, PathTree, segments_of

_FOUND = "modelwire.found"
"""Where the scope of a request has what `RouteLookup.find` has found for its path."""


class FoundRoute(Protocol):
    """A route as it can be looked up."""

    path: str
    methods: set[str]
    app: ASGIApp

    def describe(self, match: PathMatch, scope: Scope) -> dict[str, Any]:
        """Describe the route as the scope of a request does once it was found."""


class Found(Struct, frozen=True):
    """The routes of resources at the path of a request.

    Args:
        routes: The routes by method.
        match: The path, and the keys in it.
    """

    routes: Mapping[str, FoundRoute]
    match: PathMatch


class RouteLookup:
    """The routes of an application's resources, by path.

    Paths are compared before they are percent-decoded, so that a key may hold a slash. A path that
    the application has spelt out itself, such as `/users/me`, is never taken for a key, wherever
    its route stands and however a request spells it. All else goes by the order of the routes.

    This stands before the application's router, as middleware of a router does, and leaves to it
    whatever is not simply a request for a resource. The router finds the same, route by route.

    Args:
        app: The application.
        kind: The class of the routes of resources.
    """

    def __init__(self, app: FastAPI, kind: type[BaseRoute]) -> None:
        self._router = app.router
        self._tree: PathTree[FoundRoute] = PathTree(RESERVED)
        self._own = OwnRoutes(app.router.routes, kind)
        self._next = put_before(app.router, self)

    def add(self, route: FoundRoute) -> None:
        """Add a route; HEAD leads to it too where it answers GET."""
        place = self._tree.at(route.path)
        for method in route.methods:
            place.values[method] = route
        if "GET" in route.methods:
            place.values["HEAD"] = route

    def has(self, path: str, method: str) -> bool:
        """Tell whether a route was added."""
        return method in self._tree.at(path).values

    def is_hidden(self, path: str, method: str) -> bool:
        """Tell whether a route was added whose requests one of the application's own takes."""
        route = self._tree.at(path).values.get(method)
        scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
        return route is not None and self._own.match_before(route, scope)

    def serves(self, scope: Scope) -> bool:
        """Tell whether a request is at the application of these routes, and at no other router."""
        return scope["app"].router is self._router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        route = self.select(scope) if scope["type"] == "http" else None
        if route is None:
            await self._next(scope, receive, send)
        else:
            await route.app(scope, receive, send)

    def find(self, scope: Scope) -> Found | None:
        """Find the routes at the path of a request; None where nothing of the resources' is."""
        known: tuple[RouteLookup, Found | None] | None = scope.get(_FOUND)
        # It may be known to an application that this one is mounted on.
        if known is None or known[0] is not self:
            known = scope[_FOUND] = self, self._find(scope)
        return known[1]

    def _find(self, scope: Scope) -> Found | None:
        segments = segments_of(scope)
        place = self._tree.find(segments)
        if place is None or (place[1] and self._own.spell_out(scope)):
            return None
        return Found(place[0].values, PathMatch(segments, place[1]))

    def select(self, scope: Scope) -> FoundRoute | None:
        """Select the route that the router would select; None where that may be no resource's."""
        found = None if TELEMETRY in scope else self.find(scope)
        route = None if found is None else found.routes.get(scope["method"])
        if found is None or route is None or self._own.match_before(route, scope):
            return None
        scope.update(route.describe(found.match, scope))
        scope.setdefault("router", self._router)
        return route
