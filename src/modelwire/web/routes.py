"""Addition of routes to an application, with the options that those of one `mount` share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.params import Depends

from ..catalog.tables import Table
from ..compat.fastapi import add_route
from ..compat.starlette import middleware_of
from ..errors import ConfigurationError
from ..shape.parts import Lock
from .cors import trusts_cookies
from .endpoint import Endpoint, Handle
from .limits import RequestLimits
from .mounted_resources import MountedResources
from .route import Compose, ResourceRoute, route_class_of, stand_in_for_endpoint
from .row_dependencies import is_bound
from .service import Service


@dataclass(frozen=True, slots=True)
class Routes:
    """Routes of one `mount`.

    Args:
        app: The application.
        service: Its service.
        mounted: The resources, and their callers.
        conflict_status: The status where a unique value is taken or a parent is missing.
        limits: The limits of one request.
    """

    app: FastAPI
    service: Service
    mounted: MountedResources
    conflict_status: int
    limits: RequestLimits

    @property
    def prefix(self) -> str:
        """Prefix of the paths of resources."""
        return self.mounted.prefix

    @property
    def asked(self) -> list[Depends]:
        """Dependency that resolves the caller, if any."""
        return [] if self.mounted.callers is None else [self.mounted.callers.depends]

    def trusts_cookies(self, origin: str) -> bool:
        """Whether pages of another origin may send requests with the cookies of their visitors."""
        return trusts_cookies(origin, middleware_of(self.app))

    def guards(self, dependencies: Sequence[Depends]) -> list[Depends]:
        """Return the dependencies of a route that is not a resource's.

        A dependency that is bound to a row runs only with requests that name one.

        Args:
            dependencies: The dependencies that every operation of the mount runs first.
        """
        return [*self.asked, *(d for d in dependencies if not is_bound(d, ()))]

    def endpoint(self, handle: Handle, **options: Any) -> Endpoint:
        """Make the endpoint of a function, with options of its class."""
        return Endpoint(handle, self.service.problems, self.conflict_status, self.limits, **options)

    def add(
        self,
        path: str,
        endpoint: Endpoint,
        method: str,
        *,
        operation_id: str,
        compose: Compose | None = None,
        joins: bool = False,
        reads_only: bool = False,
        locks: tuple[Table, Lock] | None = None,
        **options: Any,
    ) -> None:
        """Add a route.

        Args:
            path: Its whole path.
            endpoint: Its endpoint.
            method: Its method.
            operation_id: Its name, also in the OpenAPI document.
            compose: Composes its operation in the document; FastAPI does, if None.
            joins: Whether it is available in batches.
            reads_only: Whether it changes nothing.
            locks: The resource whose row in the path it changes, and the lock that it takes.
            options: Options of FastAPI's routes.

        Raises:
            ConfigurationError: The path has a route already.
        """
        if self.service.lookup.has(path, method):
            raise ConfigurationError(
                f"{method} {path} is served already; give the resource another path=, or mount() "
                "a prefix=."
            )
        router = self.app.router
        route = add_route(
            router,
            route_class_of(router.route_class),
            path,
            stand_in_for_endpoint(operation_id),
            methods=[method],
            name=operation_id,
            operation_id=operation_id,
            **options,
        )
        if isinstance(route, ResourceRoute):
            route.serve(
                endpoint,
                self.service.lookup,
                compose,
                joins=joins,
                reads_only=reads_only,
                locks=locks,
            )
