"""Look-up of the resource's route for a request, in one step whatever the number of routes.

It also finds the application's own routes that take precedence.
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
"""Routes, each after its position among all routes of the application."""


_FOUND = "modelwire.found"
"""Key of a request's scope that holds the result of `RouteLookup.find`."""


class FoundRoute(Protocol):
    """Route that can be looked up."""

    path: str
    methods: set[str]
    app: ASGIApp

    def describe(self, match: PathMatch, scope: Scope) -> dict[str, Any]:
        """Return the scope's entries for a request that the route answers."""


class Found(Struct, frozen=True):
    """Routes of resources that match the path of a request.

    Args:
        routes: The routes by method.
        match: The path, and the keys in it.
        spelt_out: The application's own routes with exactly this path.
    """

    routes: Mapping[str, FoundRoute]
    match: PathMatch
    spelt_out: Routes


class RouteLookup:
    """Routes of an application's resources, by path.

    Paths are compared before percent-decoding, so that a key may contain a slash. A path that the
    application spells out itself, such as `/users/me`, is never taken for a key, whatever the order
    of the routes and the encoding of the path. Otherwise the order of the routes decides.

    It stands before the application's router, like middleware of the router, and passes on every
    request that is not simply for a resource. The router finds the same result route by route.

    Args:
        app: The application.
        kind: The class of resources' routes.
    """

    def __init__(self, app: FastAPI, kind: type[BaseRoute]) -> None:
        self._router = app.router
        self._tree: PathTree[FoundRoute] = PathTree(RESERVED)
        self._own = OwnRoutes(app.router.routes, kind)
        self._next = put_before(app.router, self)

    def add(self, route: FoundRoute) -> None:
        """Add a route, which also answers HEAD where it answers GET."""
        place = self._tree.at(route.path)
        for method in route.methods:
            place.values[method] = route
        if "GET" in route.methods:
            place.values["HEAD"] = route

    def has(self, path: str, method: str) -> bool:
        """Whether a route was added."""
        return method in self._tree.at(path).values

    def is_hidden(self, path: str, method: str) -> bool:
        """Whether a route of the application's own would answer the requests of an added route."""
        route = self._tree.at(path).values.get(method)
        scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
        spelt_out = self._own.spell_out(scope)
        return route is not None and self._own.match_before(route, scope, spelt_out)

    def serves(self, scope: Scope) -> bool:
        """Whether a request is for the application of these routes, and not for another router."""
        return scope["app"].router is self._router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        route = self.select(scope) if scope["type"] == "http" else None
        if route is None:
            await self._next(scope, receive, send)
        else:
            await route.app(scope, receive, send)

    def find(self, scope: Scope) -> Found | None:
        """Find the routes that match the path of a request; None where no resource's route does."""
        known: tuple[RouteLookup, Found | None] | None = scope.get(_FOUND)
        # The scope may hold the result of an application that this one is mounted on.
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
        """Select the route that the router would select; None where it may not be a resource's."""
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
    """Routes of an application that are not a resource's.

    They are read anew whenever their number changes, including that of included routers.

    Args:
        routes: All routes of the application.
        others: The class of resources' routes.
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
        """Return the routes with exactly the path of a request."""
        is_read = bool(self._sizes)
        for routes, size in self._sizes:
            is_read = is_read and len(routes) == size
        if not is_read:
            self._read()
        return self._spelt_out.get(path_of(scope), [])

    def match_before(self, route: object, scope: Scope, spelt_out: Routes) -> bool:
        """Whether a route of the application's own precedes a resource's route and takes a request.

        Args:
            route: The resource's route.
            scope: The request.
            spelt_out: The application's own routes with exactly its path.
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
    """Return the path of an HTTP route without parameters; None for any other route."""
    return path if isinstance(route, Route) and path and "{" not in path else None
