"""Undocumented parts of FastAPI: placement and construction of routes, parameters of dependencies.

Tried with 0.121.0 to 0.165.0: `iter_route_contexts` and `original_router`, by which 0.138 and later
versions find the routes of included routers; `Dependant` and `get_parameterless_sub_dependant`;
`route_class_override` of a router; `app`, `path_regex` and `max_body_size` of a route; and the key
of a request's scope under which telemetry is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import fastapi.routing
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_parameterless_sub_dependant
from fastapi.params import Depends
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from .starlette import pattern_of

TELEMETRY = "fastapi.telemetry"
"""Key in a scope of FastAPI's telemetry of a request, which learns the route from the router."""

_CONTEXTS: Callable[[Sequence[BaseRoute]], Iterator[Any]] | None = getattr(
    fastapi.routing, "iter_route_contexts", None
)


class PlacedRoute(NamedTuple):
    """Route with its place in an application.

    Args:
        route: The route.
        path: Its full path; None where it has none.
        template: The same path with bare names of parameters.
        endpoint: Its endpoint; None where that is not one function.
        methods: Its methods.
        dependencies: The dependencies that FastAPI resolves for it, a list that may be added to.
    """

    route: BaseRoute
    path: str | None
    template: str | None
    endpoint: Any
    methods: frozenset[str] = frozenset()
    dependencies: list[Dependant] = []  # noqa: RUF012 - of a route that has none


def place_routes(routes: Sequence[BaseRoute]) -> Iterator[PlacedRoute]:
    """Yield routes with their places, those of included routers among them.

    Before 0.138 an application has copies of these, and no lookup is needed.
    """
    for found in routes if _CONTEXTS is None else _CONTEXTS(routes):
        yield PlacedRoute(
            getattr(found, "original_route", found),
            getattr(found, "path", None),
            getattr(found, "path_format", None),
            getattr(found, "endpoint", None),
            frozenset(getattr(found, "methods", None) or ()),
            _dependencies_of(found),
        )


def _dependencies_of(found: Any) -> list[Dependant]:
    """Return the dependencies that FastAPI resolves for a route of its own; none for another's."""
    dependant = getattr(found, "dependant", None)
    return dependant.dependencies if isinstance(dependant, Dependant) else []


def resolve_first(placed: PlacedRoute, depends: Depends) -> None:
    """Have FastAPI resolve a dependency of a route before all others."""
    first = get_parameterless_sub_dependant(depends=depends, path=placed.template or "")
    if all(known.call is not first.call for known in placed.dependencies):
        placed.dependencies.insert(0, first)


def functions_of(placed: PlacedRoute) -> frozenset[Any]:
    """Return the functions that FastAPI calls as dependencies of a route, at any depth."""
    return frozenset(_functions_in(placed.dependencies))


def _functions_in(dependencies: Sequence[Dependant]) -> Iterator[Any]:
    for found in dependencies:
        yield found.call
        yield from _functions_in(found.dependencies)


def lists_of(routes: Sequence[BaseRoute]) -> Iterator[Sequence[BaseRoute]]:
    """Yield a list of routes, and the lists of the routers that are included in it."""
    yield routes
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from lists_of(included.routes)


def add_route(
    router: APIRouter, kind: type[APIRoute], path: str, endpoint: Any, **options: Any
) -> BaseRoute:
    """Add a route of a given class to a router.

    Args:
        router: The router.
        kind: The class.
        path: The path.
        endpoint: The endpoint.
        options: Those of `APIRouter.add_api_route`.

    Returns:
        The route.
    """
    router.add_api_route(path, endpoint, route_class_override=kind, **options)
    return router.routes[-1]


def replace_app(route: APIRoute, app: ASGIApp) -> None:
    """Have a route answered by an application instead of the one that FastAPI has built for it."""
    route.app = app


def app_of(route: APIRoute) -> ASGIApp:
    """Return the application that FastAPI has built for a route, dependencies included."""
    return route.app


def allow_slash(route: APIRoute, path: str) -> None:
    """Have a route match its path with and without a trailing slash, where routes are compared.

    Args:
        route: The route.
        path: Its path without the slash.
    """
    route.path_regex = re.compile(f"{pattern_of(path).pattern.removesuffix('$')}/?$")


def limits_body(route: APIRoute) -> bool:
    """Whether FastAPI limits the size of bodies for a route; it can't before 0.160."""
    return getattr(route, "max_body_size", None) is not None


def dependant_of(route: APIRoute) -> Dependant:
    """Return what FastAPI resolves for a route: its parameters, its body and its dependencies."""
    return route.dependant


def is_security(function: object) -> bool:
    """Whether a dependency is one of FastAPI's security schemes."""
    return isinstance(function, SecurityBase)


def resolves(route: APIRoute, function: Callable[..., Any]) -> bool:
    """Whether a function is among the dependencies that a route resolves, at any depth."""
    return _calls(route.dependant, function)


def _calls(dependant: Dependant, function: Callable[..., Any]) -> bool:
    return any(
        inner.call is function or _calls(inner, function) for inner in dependant.dependencies
    )


def takes_scopes(depends: Depends) -> bool:
    """Whether a dependency, or one of its own at any depth, takes the security scopes.

    Args:
        depends: The dependency.
    """
    return _takes_scopes(get_parameterless_sub_dependant(depends=depends, path=""))


def _takes_scopes(dependant: Dependant) -> bool:
    return bool(dependant.security_scopes_param_name) or any(
        map(_takes_scopes, dependant.dependencies)
    )


def names_told_by_clients(depends: Depends) -> frozenset[str]:
    """Return the parameters of a dependency that FastAPI reads from the query or the body.

    Args:
        depends: The dependency.
    """
    found = get_parameterless_sub_dependant(depends=depends, path="")
    return frozenset(field.name for field in (*found.query_params, *found.body_params))


def takes_path_or_body(depends: Depends, path: str) -> bool:
    """Whether a dependency takes a part of a path, or the body of a request, at any depth.

    Args:
        depends: The dependency.
        path: The path, with its parameters.
    """
    return _takes_path_or_body(get_parameterless_sub_dependant(depends=depends, path=path))


def _takes_path_or_body(dependant: Dependant) -> bool:
    return bool(dependant.path_params or dependant.body_params) or any(
        map(_takes_path_or_body, dependant.dependencies)
    )
