"""Names of routes in logs, metrics and traces: templates of paths, never paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount
from starlette.types import Scope

from ..compat.fastapi import place_routes
from ..compat.starlette import pattern_of


class RouteNames:
    """Finder of the name of the route that answers a request, such as `/users/{id}`.

    Args:
        app: The application; routes of applications mounted on it are found too.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._known_routes = -1
        self._endpoints: list[tuple[Any, str]] = []
        self._names: dict[int, list[str]] = {}

    def find(self, scope: Scope) -> str:
        """Find the name of a route.

        Args:
            scope: The request, once its route was found.

        Returns:
            The name; empty where no route was found.
        """
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return ""
        names = self._names.get(id(endpoint)) or self._read_routes(endpoint)
        if len(names) == 1:
            return names[0]
        # One endpoint with several paths. A longer name may include the path of a mount.
        longest = sorted(names, key=len, reverse=True)
        return next((name for name in longest if _ends_with(scope["path"], name)), "")

    def _read_routes(self, endpoint: Any) -> list[str]:
        """Read the routes, unless none was added since the last time."""
        routes = self._app.router.routes
        if self._known_routes != len(routes):
            self._known_routes = len(routes)
            self._endpoints = list(_walk(routes, ""))
            self._names = {}
            for found, name in self._endpoints:
                self._names.setdefault(id(found), []).append(name)
        return self._names.get(id(endpoint), [])


def _walk(routes: Sequence[BaseRoute], prefix: str) -> Iterator[tuple[Any, str]]:
    """Yield each endpoint and mounted application, with its name."""
    for placed in place_routes(routes):
        name, route = placed.template, placed.route
        if name is None:
            continue
        if isinstance(route, Mount):
            yield route.app, prefix + name
            yield from _walk(route.routes, prefix + name.removesuffix("/{path}"))
        elif placed.endpoint is not None:
            yield placed.endpoint, prefix + name


def _ends_with(path: str, name: str) -> bool:
    pattern = pattern_of(name).pattern.removeprefix("^")
    return re.search(pattern, path) is not None


def has_path(app: FastAPI, path: str) -> bool:
    """Whether an application has a route with a path."""
    routes = app.router.routes
    own = (getattr(route, "path", None) for route in routes)
    return path in own or any(placed.path == path for placed in place_routes(routes))
