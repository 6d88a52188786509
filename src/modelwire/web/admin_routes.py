"""Routes of the admin page."""

from __future__ import annotations

from ..errors import ConfigurationError
from .extra_routes import add_extra, serve_along, serve_here
from .route_names import has_path
from .routes import Routes

ADMIN = "/admin"


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
        serve_along(routes, known.served)
        return
    if has_path(routes.app, path) or service.lookup.has(path, "GET"):
        raise ConfigurationError(
            f"mount(admin=True): {path} is served already; give mount() a prefix=, or the "
            "resource another path=."
        )
    admin = service.admin[path] = Admin(routes.app, serve_here(routes, path))
    service.index.admin.append(path)
    add_extra(routes, "admin", admin.list_routes(), admin.served)
