"""What FastAPI before 0.138 does otherwise than later versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import fastapi.routing
from starlette.routing import BaseRoute

_CONTEXTS: Callable[[Sequence[BaseRoute]], Iterator[Any]] | None = getattr(
    fastapi.routing, "iter_route_contexts", None
)


class PlacedRoute(NamedTuple):
    """A route, and where it stands in an application.

    Args:
        route: The route.
        path: Its whole path; None where it has none.
        template: The same with bare names of parameters.
        endpoint: What answers; None where that is not one function.
    """

    route: BaseRoute
    path: str | None
    template: str | None
    endpoint: Any


def place_routes(routes: Sequence[BaseRoute]) -> Iterator[PlacedRoute]:
    """Place routes, those of included routers among them.

    Before 0.138 an application has copies of these, and nothing has to be looked for.
    """
    if _CONTEXTS is not None:
        for found in _CONTEXTS(routes):
            yield PlacedRoute(found.original_route, found.path, found.path_format, found.endpoint)
        return
    for route in routes:
        path, template = getattr(route, "path", None), getattr(route, "path_format", None)
        yield PlacedRoute(route, path, template, getattr(route, "endpoint", None))
