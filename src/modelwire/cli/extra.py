"""Additional ways of serving an application's resources."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from ..errors import ConfigurationError
from ..web.mount import mount
from ..web.service import Service, find_service


def service_of(app: FastAPI) -> Service:
    """Find the service of an application.

    Raises:
        ConfigurationError: It has no resources.
    """
    service = find_service(app)
    if service is None:
        raise ConfigurationError("The application has no resources: mount() serves some")
    return service


def serve_all(app: FastAPI, service: Service, **options: Any) -> None:
    """Serve all resources that are mounted already in one more way.

    Args:
        app: The application.
        service: Its service.
        options: The way, as arguments of `mount`.
    """
    mount(
        app,
        service.database,
        caller=service.caller,
        health=None,
        batch=None,
        offline_docs=service.offline_docs,
        **options,
    )


def serve_admin(app: FastAPI) -> None:
    """Serve the admin page, unless the application serves it itself.

    Raises:
        ConfigurationError: It has no resources, or serves something else at the page's path.
    """
    service = service_of(app)
    if not service.admin:
        serve_all(app, service, admin=True)
