"""The routes of the admin page."""

from __future__ import annotations

from ..errors import ConfigurationError
from .extra_routes import add_extra, serve_along, serve_here
from .route_names import has_path
from .routes import Routes

ADMIN = "/admin"


def add_admin(routes: Routes) -> None:
    """Serve the admin page of the resources of a mount, or of the mounts before one without any.

    Args:
        routes: The routes of the mount.

    Raises:
        ConfigurationError: There is a route at the path.
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
