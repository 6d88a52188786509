"""Routes beside those of resources, as what needs them says: agents and the admin page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fastapi.params import Depends

from .agents.served import Served
from .extra_route import ExtraRoute
from .route_names import has_path
from .routes import Routes


def serve_here(routes: Routes, path: str) -> Served:
    """What is served at a path: the resources of the mount, or of those before one without any.

    Args:
        routes: The routes of the mount.
        path: The path.
    """
    served = Served(path, routes.prefix, routes.service.lookup, routes.service.batches)
    serve_more(routes, served)
    return served


def serve_more(routes: Routes, served: Served) -> None:
    """Add the same to what is served already.

    Args:
        routes: The routes of the mount.
        served: What is served.
    """
    own = [routes.mounted] if routes.mounted.catalog.tables else routes.service.mounted
    served.mounted.extend(each for each in own if each not in served.mounted)


def add_extra(
    routes: Routes, name: str, needed: Iterable[ExtraRoute], dependencies: Sequence[Depends]
) -> None:
    """Add routes.

    Args:
        routes: The routes of the mount.
        name: What their names begin with.
        needed: What is needed.
        dependencies: What every operation of the mount runs first.
    """
    guards = routes.guards(dependencies)
    for route in needed:
        if route.is_shared and has_path(routes.app, route.path):
            continue
        callers = routes.mounted.callers if route.is_guarded else None
        routes.add(
            route.path,
            routes.endpoint(route.handle, callers=callers, **route.takes),
            route.method,
            operation_id=name + route.path.replace("/", "_"),
            dependencies=guards if route.is_guarded else [],
        )
