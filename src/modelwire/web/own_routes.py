"""The routes of an application's own, and which of them come before those of its resources."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Match, Route, WebSocketRoute
from starlette.types import Scope

from ..compat.fastapi import lists_of, place_routes
from .paths import path_of, strip_slash

Routes = list[tuple[int, BaseRoute]]
"""Routes, each after its place among all that the application has."""


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

    def spell_out(self, scope: Scope) -> bool:
        """Tell whether one of them has exactly the path of a request."""
        self._update()
        return strip_slash(path_of(scope)) in self._spelt_out

    def match_before(self, route: object, scope: Scope) -> bool:
        """Tell whether one of them stands before a resource's route and takes a request.

        Args:
            route: The route of the resource.
            scope: The request.
        """
        self._update()
        candidates = self._before[id(route)]
        spelt_out = self._spelt_out.get(strip_slash(path_of(scope)))
        if spelt_out:
            candidates = [*candidates, *_before(self._places[id(route)], spelt_out)]
        return bool(candidates) and any(own.matches(scope)[0] is Match.FULL for own in candidates)

    def _update(self) -> None:
        is_read = bool(self._sizes)
        for routes, size in self._sizes:
            is_read = is_read and len(routes) == size
        if not is_read:
            self._read()

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
                self._spelt_out.setdefault(strip_slash(path), []).append((place, route))
        if None in paths:
            self._others.append((place, route))


def _before(place: int, routes: Routes) -> Sequence[BaseRoute]:
    return [own for own_place, own in routes if own_place < place]


def _spelt_out_path(route: BaseRoute, path: str | None) -> str | None:
    """The path of a route for requests of HTTP, where it has no parameters."""
    return path if isinstance(route, Route) and path and "{" not in path else None
