"""Adds routes to an application, with what those of one `mount` share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.params import Depends

from ..compat.fastapi import add_route
from ..errors import ConfigurationError
from .bound import is_bound
from .limits import RequestLimits
from .mounted import MountedResources
from .route import Compose, Endpoint, Handle, ResourceRoute, route_class_of, stand_in_for_endpoint
from .service import Service


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes of one `mount`.

    Args:
        app: The application.
        service: Its service.
        mounted: The resources, and who asks for them.
        conflict_status: The status where a unique value is taken or a parent is missing.
        limits: What one request may take.
    """

    app: FastAPI
    service: Service
    mounted: MountedResources
    conflict_status: int
    limits: RequestLimits

    @property
    def prefix(self) -> str:
        """What stands before the paths of resources."""
        return self.mounted.prefix

    @property
    def asked(self) -> list[Depends]:
        """The dependency that says who asks, if there is one."""
        return [] if self.mounted.callers is None else [self.mounted.callers.depends]

    def guards(self, dependencies: Sequence[Depends]) -> list[Depends]:
        """What a route runs first that is no resource's.

        What is bound to a row is asked with the requests that name one.

        Args:
            dependencies: What every operation of the mount runs first.
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
        **options: Any,
    ) -> None:
        """Add a route.

        Args:
            path: Its whole path.
            endpoint: What answers.
            method: Its method.
            operation_id: Its name, in the OpenAPI document too.
            compose: Composes its operation of the document; FastAPI does so, if None.
            joins: Whether batches can ask for it.
            reads_only: Whether it changes nothing.
            options: Those of FastAPI's routes.

        Raises:
            ConfigurationError: There is a route at that path.
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
            route.serve(endpoint, self.service.lookup, compose, joins=joins, reads_only=reads_only)
