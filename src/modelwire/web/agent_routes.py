"""Routes that serve the resources of an application to agents."""

from __future__ import annotations

from ..errors import ConfigurationError
from ..extras import require
from .agents.options import Mcp
from .extra_routes import add_extra, serve_along, serve_here
from .route_names import has_path
from .routes import Routes


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
        serve_along(routes, known.served)
        return
    if has_path(routes.app, path) or service.lookup.has(path, "POST"):
        raise ConfigurationError(
            f"mount(mcp=…): POST {path} is served already; give Mcp() another path=."
        )
    agents = service.agents[path] = Agents(
        routes.app,
        serve_here(routes, path),
        options,
        lambda: service.origins,
        has_callers=routes.mounted.callers is not None,
    )
    add_extra(routes, "mcp", agents.list_routes(), agents.served)
