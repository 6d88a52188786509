"""Finds the resource's route that a request is for in one look-up, however many there are.

Which routes of an application's own come before it is found here as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fastapi import FastAPI
from msgspec import Struct
from starlette.routing import BaseRoute, Match, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from ..compat.fastapi import TELEMETRY, lists_of, place_routes
from ..compat.starlette import put_before
from ..plan.keys import RESERVED
from .paths import PathMatch, PathTree, path_of, segments_of

Routes = list[tuple[int, BaseRoute]]
"""Routes, each after its place among all that the application has."""


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
        spelt_out: The application's own routes that have exactly this path.
    """

    routes: Mapping[str, FoundRoute]
    match: PathMatch
    spelt_out: Routes


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
        spelt_out = self._own.spell_out(scope)
        return route is not None and self._own.match_before(route, scope, spelt_out)

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
        if known is not None and known[0] is self:
            return known[1]
        found, segments = None, segments_of(scope)
        place = self._tree.find(segments)
        if place is not None:
            (tree, keys), spelt_out = place, self._own.spell_out(scope)
            if not (keys and spelt_out):
                found = Found(tree.values, PathMatch(segments, keys), spelt_out)
        scope[_FOUND] = self, found
        return found

    def select(self, scope: Scope) -> FoundRoute | None:
        """Select the route that the router would select; None where that may be no resource's."""
        found = None if TELEMETRY in scope else self.find(scope)
        route = None if found is None else found.routes.get(scope["method"])
        if found is None or route is None:
            return None
        if self._own.match_before(route, scope, found.spelt_out):
            return None
        scope.update(route.describe(found.match, scope))
        scope.setdefault("router", self._router)
        return route


class OwnRoutes:
    """The routes of an application that are no resource's.

    They are read anew whenever there are more or fewer, those of included routers counted.

    Args:
        routes: All routes of the application.
        others: The class of those that are a resource's.
    """

    def __init__(self, routes: Sequence[BaseRoute], others: type[BaseRoute]) -> None:
        self._routes = routes
        self._kind = others
        self._sizes: list[tuple[Sequence[BaseRoute], int]] = []
        self._places: dict[int, int] = {}
        self._spelt_out: dict[str, Routes] = {}
        self._others: Routes = []
        self._before: dict[int, Sequence[BaseRoute]] = {}

    def spell_out(self, scope: Scope) -> Routes:
        """Find those that have exactly the path of a request."""
        is_read = bool(self._sizes)
        for routes, size in self._sizes:
            is_read = is_read and len(routes) == size
        if not is_read:
            self._read()
        return self._spelt_out.get(path_of(scope), [])

    def match_before(self, route: object, scope: Scope, spelt_out: Routes) -> bool:
        """Tell whether one of them stands before a resource's route and takes a request.

        Args:
            route: The route of the resource.
            scope: The request.
            spelt_out: Those that have exactly its path.
        """
        candidates = self._before[id(route)]
        if spelt_out:
            candidates = [*candidates, *_before(self._places[id(route)], spelt_out)]
        return bool(candidates) and any(own.matches(scope)[0] is Match.FULL for own in candidates)

    def _read(self) -> None:
        self._sizes = [(routes, len(routes)) for routes in lists_of(self._routes)]
        self._places = {id(route): place for place, route in enumerate(self._routes)}
        self._spelt_out, self._others = {}, []
        for place, route in enumerate(self._routes):
            if not isinstance(route, (self._kind, WebSocketRoute)):
                self._add(place, route)
        self._before = {key: _before(place, self._others) for key, place in self._places.items()}

    def _add(self, place: int, route: BaseRoute) -> None:
        paths = [_spelt_out_path(placed.route, placed.path) for placed in place_routes([route])]
        for path in paths:
            if path is not None:
                self._spelt_out.setdefault(path.removesuffix("/"), []).append((place, route))
        if None in paths:
            self._others.append((place, route))


def _before(place: int, routes: Routes) -> Sequence[BaseRoute]:
    return [own for own_place, own in routes if own_place < place]


def _spelt_out_path(route: BaseRoute, path: str | None) -> str | None:
    """The path of a route for requests of HTTP, where it has no parameters."""
    return path if isinstance(route, Route) and path and "{" not in path else None
