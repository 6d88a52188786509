"""The routes that serve the resources of an application to agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi.params import Depends

from ..errors import ConfigurationError
from ..extras import require
from .agents.options import Mcp
from .route_names import has_path
from .routes import Routes

if TYPE_CHECKING:
    from .agents.mounting import Agents


def add_agents(routes: Routes, options: Mcp, dependencies: Sequence[Depends]) -> None:
    """Serve the resources of a mount to agents, or those of the mounts before one without any.

    Args:
        routes: The routes of the mount.
        options: How.
        dependencies: What every operation of the mount runs first.

    Raises:
        ConfigurationError: The SDK is not installed, there is a route at the path, or an earlier
            mount serves agents there in another way.
    """
    require("mcp", "mount(mcp=…)")
    from .agents.mounting import Agents  # noqa: PLC0415 - it imports that
    from .agents.served import Served  # noqa: PLC0415

    service, path = routes.service, routes.prefix + options.path.rstrip("/")
    known, here = service.agents.get(path), service.mounted[-1:]
    if known is not None and known.options != options:
        raise ConfigurationError(
            f"mount(mcp=…): an earlier mount of this application has other options for {path}; "
            "give both the same."
        )
    if known is not None:
        known.served.mounted.extend(here)
        return
    served = Served(path, routes.prefix, service.lookup, service.batches)
    served.mounted.extend(here if routes.mounted.catalog.tables else service.mounted)
    agents = service.agents[path] = Agents(
        routes.app,
        served,
        options,
        lambda: service.origins,
        has_callers=routes.mounted.callers is not None,
    )
    _add_agents(routes, agents, path, dependencies)


def _add_agents(routes: Routes, agents: Agents, path: str, dependencies: Sequence[Depends]) -> None:
    if has_path(routes.app, path) or routes.service.lookup.has(path, "POST"):
        raise ConfigurationError(
            f"mount(mcp=…): POST {path} is served already; give Mcp() another path=."
        )
    guards = routes.guards(dependencies)
    for route in agents.list_routes():
        if route.is_shared and has_path(routes.app, route.path):
            continue
        callers = routes.mounted.callers if route.is_guarded else None
        routes.add(
            route.path,
            routes.endpoint(route.handle, callers=callers, **route.takes),
            route.method,
            operation_id="mcp" + route.path.replace("/", "_"),
            dependencies=guards if route.is_guarded else [],
        )
