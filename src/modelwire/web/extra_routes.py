"""Routes beside those of resources, as what needs them says: agents and the admin page."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import ConfigurationError
from .agents.served import Served
from .bound import is_bound
from .extra_route import ExtraRoute
from .route_names import has_path
from .routes import Routes


def serve_here(routes: Routes, path: str) -> Served:
    """What is served at a path: the resources of the mount, or of those before one without any.

    Args:
        routes: The routes of the mount.
        path: The path.
    """
    service = routes.service
    served = Served(path, routes.prefix, service.lookup, service.batches)
    has_own = bool(routes.mounted.catalog.tables)
    served.mounted.extend(service.mounted[-1:] if has_own else service.mounted)
    return served


def serve_along(routes: Routes, served: Served) -> None:
    """Serve the resources of a mount where those of an earlier one are served already.

    Args:
        routes: The routes of the mount.
        served: What is served there.

    Raises:
        ConfigurationError: The mount has dependencies that are not run there.
    """
    known = served.dependencies
    if any(d not in known for d in routes.mounted.dependencies if not is_bound(d, ())):
        raise ConfigurationError(
            f"mount(dependencies=…): an earlier mount serves {served.path} without them; give both "
            "the same, or this one a prefix=."
        )
    served.mounted.append(routes.mounted)


def add_extra(routes: Routes, name: str, needed: Iterable[ExtraRoute], served: Served) -> None:
    """Add routes.

    Args:
        routes: The routes of the mount.
        name: What their names begin with.
        needed: What is needed.
        served: The resources, whose dependencies hold here too.

    Raises:
        ConfigurationError: A route of the application's own takes their requests.
    """
    guards = routes.guards(served.dependencies)
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
        if routes.service.lookup.is_hidden(route.path, route.method):
            raise ConfigurationError(
                f"mount({name}=…): a route of the application's own that stands before takes "
                f"{route.method} {route.path}; mount before that route is added."
            )
