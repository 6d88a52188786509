"""Routes besides those of resources, for agents and the admin page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import ConfigurationError
from ..extras import require
from .agents.options import Mcp
from .agents.served import Served
from .extra_route import ExtraRoute
from .mounted_resources import MountedResources
from .route_names import has_path
from .routes import Routes
from .row_dependencies import is_bound

ADMIN = "/admin"


def add_agents(routes: Routes, options: Mcp) -> None:
    """Serve the resources of a mount to agents, or else those of earlier mounts.

    Args:
        routes: The routes of the mount.
        options: The options of `Mcp`.

    Raises:
        ConfigurationError: The SDK is not installed, the path has a route already, or an earlier
            mount serves agents there with other options.
    """
    require("mcp", "mount(mcp=…)")
    from .agents.mounting import Agents  # noqa: PLC0415 - it imports that

    service, path = routes.service, routes.prefix + options.path.rstrip("/")
    known = service.agents.get(path)
    if known is not None and known.options != options:
        raise ConfigurationError(
            f"mount(mcp=…): an earlier mount of this application has other options for {path}; "
            "give both the same."
        )
    if known is not None:
        _serve_along(routes, known.served)
        return
    if has_path(routes.app, path) or service.lookup.has(path, "POST"):
        raise ConfigurationError(
            f"mount(mcp=…): POST {path} is served already; give Mcp() another path=."
        )
    agents = service.agents[path] = Agents(
        routes.app,
        _serve_here(routes, path),
        options,
        lambda: service.origins,
        has_callers=routes.mounted.callers is not None,
    )
    _add(routes, "mcp", agents.list_routes(), agents.served)


def add_admin(routes: Routes) -> None:
    """Serve the admin page for the resources of a mount, or else for those of earlier mounts.

    Args:
        routes: The routes of the mount.

    Raises:
        ConfigurationError: The path has a route already.
    """
    from .admin.mounting import Admin  # noqa: PLC0415 - few applications have it

    service, path = routes.service, routes.prefix + ADMIN
    known = service.admin.get(path)
    if known is not None:
        _serve_along(routes, known.served)
        return
    if has_path(routes.app, path) or service.lookup.has(path, "GET"):
        raise ConfigurationError(
            f"mount(admin=True): {path} is served already; give mount() a prefix=, or the "
            "resource another path=."
        )
    admin = service.admin[path] = Admin(routes.app, _serve_here(routes, path))
    service.index.admin.append(path)
    _add(routes, "admin", admin.list_routes(), admin.served)


def _serve_here(routes: Routes, path: str) -> Served:
    """Return the resources to serve at a path: those of the mount, or else of earlier mounts.

    Args:
        routes: The routes of the mount.
        path: The path.
    """
    served = Served(path, routes.prefix, routes.service.lookup, routes.service.batches)
    served.mounted.extend(_find_mounts(routes))
    return served


def _serve_along(routes: Routes, served: Served) -> None:
    """Serve the resources of a mount where those of an earlier mount are served already.

    Args:
        routes: The routes of the mount.
        served: The resources served there.

    Raises:
        ConfigurationError: The mount has dependencies that do not run there.
    """
    known, more = served.dependencies, _find_mounts(routes)
    dependencies = [depends for each in more for depends in each.dependencies]
    if any(d not in known for d in dependencies if not is_bound(d, ())):
        raise ConfigurationError(
            f"mount(dependencies=…): an earlier mount serves {served.path} without them; give both "
            "the same, or this one a prefix=."
        )
    served.mounted.extend(each for each in more if each not in served.mounted)


def _find_mounts(routes: Routes) -> Sequence[MountedResources]:
    """Return the mount itself, or all mounts of the application where it has no resources."""
    return [routes.mounted] if routes.mounted.catalog.tables else routes.service.mounted


def _add(routes: Routes, name: str, needed: Iterable[ExtraRoute], served: Served) -> None:
    """Add routes.

    Args:
        routes: The routes of the mount.
        name: The prefix of their names.
        needed: The routes to add.
        served: The resources, whose dependencies apply here too.

    Raises:
        ConfigurationError: A route of the application's own would answer their requests.
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
                f"mount({name}=…): an earlier route of the application's own takes "
                f"{route.method} {route.path}; mount before that route is added."
            )
