"""The routes of the admin page."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi.params import Depends

from ..errors import ConfigurationError
from .admin.mounting import Admin
from .extra_routes import add_extra, serve_here, serve_more
from .route_names import has_path
from .routes import Routes

ADMIN = "/admin"


def add_admin(routes: Routes, dependencies: Sequence[Depends]) -> None:
    """Serve the admin page of the resources of a mount, or of the mounts before one without any.

    Args:
        routes: The routes of the mount.
        dependencies: What every operation of the mount runs first.

    Raises:
        ConfigurationError: There is a route at the path.
    """
    service, path = routes.service, routes.prefix + ADMIN
    known = service.admin.get(path)
    if known is not None:
        serve_more(routes, known.served)
        return
    if has_path(routes.app, path) or service.lookup.has(path, "GET"):
        raise ConfigurationError(
            f"mount(admin=True): {path} is served already; give mount() a prefix=, or the "
            "resource another path=."
        )
    admin = service.admin[path] = Admin(routes.app, serve_here(routes, path))
    service.index.admin.append(path)
    add_extra(routes, "admin", admin.list_routes(), dependencies)
