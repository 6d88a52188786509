"""Mounts resources on an application."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.params import Depends
from starlette.routing import Route as StarletteRoute

from ..access.caller import Caller
from ..catalog.guards import Guards
from ..catalog.passed_over import describe_passed_over
from ..catalog.read import read_catalog
from ..catalog.soft import describe_kept_values
from ..catalog.tables import Access, Catalog, Past, Table
from ..catalog.views import is_view
from ..compat.fastapi import add_route, place_routes
from ..errors import ConfigurationError
from ..execute.database import Database
from ..execute.log.noted import Noted
from ..extras import require
from ..observe.counts import Counts
from ..openapi.batch import compose_batch
from ..openapi.context import RouteContext
from ..openapi.operation import compose_operation, name_operation
from ..pipeline.pipeline import Pipeline
from ..pipeline.variants import Variants
from ..plan.reading.history import keeps_history
from ..plan.reading.operators import check_filters
from ..resource import OPERATIONS, Resource
from .admin.mounting import Admin
from .agents.options import Mcp
from .agents.served import Served
from .arguments import check_arguments
from .batch import Batches
from .bound import is_bound
from .callers import Callers
from .cors import Cors
from .descriptions import Route
from .docs import DOCS, has_assets, serve_docs
from .extra_route import ExtraRoute
from .health import LIVENESS, READINESS, Health, describe_health
from .limits import RequestLimits
from .mounted import MountedResources
from .operations import ROUTES
from .route import Compose, Endpoint, Handle, ResourceRoute, route_class_of, stand_in_for_endpoint
from .service import Service, open_service

logger = logging.getLogger("modelwire")

METRICS = "/metrics"
ADMIN = "/admin"

READ_ONLY = ("list", "stream", "aggregate", "read", Access.LIST, Access.AGGREGATE, Past.SHOW)
"""The operations that change nothing."""

NOT_IN_BATCHES = ("stream", "aggregate", "changes")
"""The operations that a batch can't ask for."""


def mount(
    app: FastAPI,
    database: Database,
    *resources: Resource,
    caller: Caller | None = None,
    prefix: str = "",
    dependencies: Sequence[Depends] = (),
    health: str | None = "/health",
    batch: str | None = "/batch",
    mcp: bool | Mcp = False,
    admin: bool = False,
    offline_docs: bool | None = None,
    cors: Cors | None = None,
    max_body_bytes: int | None = None,
    conflict_status: Literal[400, 409] | None = None,
) -> None:
    """Serve resources from an application, beside its own endpoints.

    Args:
        app: The application.
        database: Where the rows are.
        resources: The resources; each is served at its path.
        caller: Who asks, as the policies of the resources name it. It is resolved before anything
            else of a resource.
        prefix: What stands before every path, as in `/api/v1`.
        dependencies: `Depends(...)` that every operation runs first.
        health: Where the health routes are; None for none. A path that the application has
            already is left to it.
        batch: Where batches of requests to the resources of the application are answered, below
            `prefix`; None for nowhere. A path that the application has already is left to it.
        mcp: Whether the resources are served to agents, at `/mcp` below `prefix`, or how; not, by
            default. A mount without resources serves those that were mounted before it.
        admin: Whether people are served a page to see and change the resources with, at `/admin`
            below `prefix`; not, by default. Without resources it is as for `mcp`.
        offline_docs: Whether the docs pages load their assets from here and not from a CDN; by
            default if `modelwire[docs]` is installed, which has them.
        cors: The pages of other origins whose scripts may use the application;
            `MODELWIRE_CORS_ORIGINS` or none by default.
        max_body_bytes: Bytes that a body may have; `MODELWIRE_MAX_BODY_BYTES` or 1 MiB by default.
        conflict_status: Status where a unique value is taken or a parent is missing;
            `MODELWIRE_CONFLICT_STATUS` or 400 by default.

    Raises:
        ConfigurationError: A resource can't be served as it is declared, or an argument is of the
            wrong kind; says why.
    """
    check_arguments(
        app,
        database,
        resources,
        caller=caller,
        prefix=prefix,
        dependencies=dependencies,
        health=health,
        batch=batch,
        mcp=mcp,
        admin=admin,
        cors=cors,
        max_body_bytes=max_body_bytes,
        conflict_status=conflict_status,
    )
    settings = database.settings
    prefix = prefix.rstrip("/")
    read = partial(
        read_catalog,
        resources,
        settings,
        prefix,
        dependencies,
        is_bound,
        database.sql_dialect,
        caller,
    )
    catalog = read()
    _tell_hidden(catalog)
    service = open_service(app, database)
    service.choose_cors(app, cors)
    service.choose_caller(caller)
    conflict = conflict_status or settings.conflict_status
    make = partial(Pipeline, database=database, conflict_status=conflict)
    variants = Variants(catalog, read, make)
    # Whose statement has failed in an endpoint of the application's own is not known.
    service.add_catalog(catalog, variants.narrowest.catalog, conflict)
    callers = None if caller is None else Callers(caller, catalog)
    service.own_access.add(variants, callers)
    service.mounted.append(MountedResources(callers, variants, prefix))
    routes = _Routes(
        app=app,
        service=service,
        catalog=catalog,
        variants=variants,
        conflict_status=conflict,
        limits=RequestLimits(
            max_body_bytes or settings.max_body_bytes,
            settings.request_timeout_s,
            settings.send_timeout_s,
            service.streams,
            service.listeners,
        ),
        prefix=prefix,
        callers=callers,
    )
    for table in catalog.tables.values():
        path = routes.prefix + table.path
        _check_path(app, table, path, health, METRICS if settings.metrics else None)
        routes.add_resource(table)
        for said in (describe_passed_over(table), describe_kept_values(table)):
            if said is not None:
                logger.warning(said)
    service.index.lists += [
        routes.prefix + t.path for t in catalog.tables.values() if "list" in t.resource.operations
    ]
    _note_changes(database, catalog)
    if batch is not None and not _has_path(app, prefix + batch):
        routes.add_batches(prefix + batch, dependencies)
    if mcp:
        routes.add_agents(Mcp() if mcp is True else mcp, dependencies)
    if admin:
        routes.add_admin(dependencies)
    if health is not None and not _has_path(app, health):
        service.index.health = health
        routes.add_health(health, Health(database, service.problems))
    if database.observer.counts is not None and not _has_path(app, METRICS):
        routes.add_metrics(database, database.observer.counts)
    if service.choose_docs(offline=has_assets() if offline_docs is None else offline_docs):
        serve_docs(app)
    _answer_docs_with_slash(app)


@dataclass(frozen=True)
class _Routes:
    """Adds the routes of one `mount`, and has what they share."""

    app: FastAPI
    service: Service
    catalog: Catalog
    variants: Variants
    conflict_status: int
    limits: RequestLimits
    prefix: str
    callers: Callers | None

    def add_resource(self, table: Table) -> None:
        resource = table.resource
        check_filters(table)
        for name in (*resource.operations, *resource.operation_dependencies):
            if name not in OPERATIONS:
                raise ConfigurationError(
                    f"Resource({table.model.__name__}): there is no operation `{name}`; "
                    f"there are {', '.join(OPERATIONS)}."
                )
        if keeps_history(table) and "history" in table.children:
            raise ConfigurationError(
                f"Resource({table.model.__name__}, changes=…): its relationship `history` is "
                "served where the history of a row would be. Write Changes(history=False), or "
                "give the relationship another name."
            )
        for route in ROUTES:
            for relation, guards in table.find_served(route.operation):
                self._add_route(RouteContext(self.catalog, table, relation), route, guards)

    def add_health(self, path: str, health: Health) -> None:
        for end, handle, operation in (
            ("", health.live, LIVENESS),
            ("/live", health.live, LIVENESS),
            ("/ready", health.ready, READINESS),
        ):
            self._add(
                path + end,
                self._endpoint(handle),
                "GET",
                operation_id="health" + end.replace("/", "_"),
                compose=partial(describe_health, operation, self.service.components),
                tags=["health"],
            )

    def add_batches(self, path: str, dependencies: Sequence[Depends]) -> None:
        service = self.service
        if service.lookup.has(path, "POST"):
            logger.warning(
                "No batches are answered: POST %s is a resource's. Give mount() another batch=, or "
                "None",
                path,
            )
            return
        service.batches.append(path)
        limit = service.database.settings.max_batch_requests
        batches = Batches(self.variants, service.lookup, service.problems, service.mounted, limit)
        asked = [] if self.callers is None else [self.callers.depends]
        self._add(
            path,
            self._endpoint(batches.answer, takes_body=True, takes_scope=True, callers=self.callers),
            "POST",
            operation_id="batch" if not self.prefix else "batch" + self.prefix.replace("/", "_"),
            compose=partial(compose_batch, service.components, limit),
            # What is bound to a row is asked with the requests that name one.
            dependencies=[*asked, *(d for d in dependencies if not is_bound(d, ()))],
            tags=["batch"],
        )

    def add_agents(self, options: Mcp, dependencies: Sequence[Depends]) -> None:
        require("mcp", "mount(mcp=…)")
        from .agents.mounting import Agents  # noqa: PLC0415 - it imports that

        service, path = self.service, self.prefix + options.path.rstrip("/")
        known = service.agents.get(path)
        if known is not None and known.options != options:
            raise ConfigurationError(
                f"mount(mcp=…): an earlier mount of this application has other options for {path}; "
                "give both the same."
            )
        if known is not None:
            known.served.mounted.extend(service.mounted[-1:])
            return
        agents = service.agents[path] = Agents(
            self.app,
            self._serve_here(path),
            options,
            lambda: service.origins,
            has_callers=self.callers is not None,
        )
        if _has_path(self.app, path) or service.lookup.has(path, "POST"):
            raise ConfigurationError(
                f"mount(mcp=…): POST {path} is served already; give Mcp() another path=."
            )
        self._add_extra("mcp", agents.list_routes(), dependencies)

    def add_admin(self, dependencies: Sequence[Depends]) -> None:
        service, path = self.service, self.prefix + ADMIN
        known = service.admin.get(path)
        if known is not None:
            known.served.mounted.extend(service.mounted[-1:])
            return
        if _has_path(self.app, path) or service.lookup.has(path, "GET"):
            raise ConfigurationError(
                f"mount(admin=True): {path} is served already; give mount() a prefix=, or the "
                "resource another path=."
            )
        admin = service.admin[path] = Admin(self.app, self._serve_here(path))
        service.index.admin.append(path)
        self._add_extra("admin", admin.list_routes(), dependencies)

    def _serve_here(self, path: str) -> Served:
        """What is served at a path: the resources of this mount, or all where it has none."""
        service = self.service
        served = Served(path, self.prefix, service.lookup, service.batches)
        served.mounted.extend(service.mounted[-1:] if self.catalog.tables else service.mounted)
        return served

    def _add_extra(
        self, name: str, routes: Iterable[ExtraRoute], dependencies: Sequence[Depends]
    ) -> None:
        asked = [] if self.callers is None else [self.callers.depends]
        # As for batches: what is bound to a row is asked with the requests that name one.
        guards = [*asked, *(d for d in dependencies if not is_bound(d, ()))]
        for route in routes:
            if route.is_shared and _has_path(self.app, route.path):
                continue
            callers = self.callers if route.is_guarded else None
            self._add(
                route.path,
                self._endpoint(route.handle, callers=callers, **route.takes),
                route.method,
                operation_id=name + route.path.replace("/", "_"),
                dependencies=guards if route.is_guarded else [],
            )

    def add_metrics(self, database: Database, counts: Counts) -> None:
        require("prometheus_client", "MODELWIRE_METRICS=true")
        from .metrics import MetricsPage  # noqa: PLC0415 - it imports that

        page = MetricsPage(database, counts, self.service.finished)
        self._add(METRICS, self._endpoint(page.read), "GET", operation_id="metrics")

    def _add_route(self, place: RouteContext, route: Route, guards: Guards) -> None:
        table, relation, target = place.table, place.relation, place.target
        endpoint = self._endpoint(
            self.variants.bind(route.handle, table, relation, reads=_may_be_of_copy(route, target)),
            key_names=_names_in(route, place),
            # What is created below a row stands under the path of its own resource.
            base=self.prefix + (target if route.method == "POST" else table).path,
            takes_body=route.description.body is not None,
            callers=self.callers,
        )
        asked = [] if self.callers is None else [self.callers.depends]
        own, other = self.service.name_of(table), self.service.name_of(target)
        tags = table.resource.tags
        self._add(
            self.prefix + table.path + _write_path(place, route),
            endpoint,
            route.method,
            operation_id=name_operation(route.description, place, own, other),
            compose=partial(self._compose, place, route),
            joins=route.operation not in NOT_IN_BATCHES,
            reads_only=route.operation in READ_ONLY,
            dependencies=[*asked, *(guard.depends for guard in guards)],
            tags=list(tags if tags is not None else [table.name]),
            status_code=route.description.status,
        )

    def _compose(self, place: RouteContext, route: Route) -> dict[str, Any]:
        return compose_operation(route.description, self.service.components(), place, route.path)

    def _endpoint(self, handle: Handle, **options: Any) -> Endpoint:
        return Endpoint(handle, self.service.problems, self.conflict_status, self.limits, **options)

    def _add(
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


def _write_path(place: RouteContext, route: Route) -> str:
    """The path of a route below its resource's, with the names of its parameters."""
    own, other = (",".join(f"{{{name}}}" for name in names) for names in _key_names(place))
    path = route.path.replace("{key}", own).replace("{other}", other)
    return path.replace("{relation}", place.relation.name if place.relation else "")


def _may_be_of_copy(route: Route, target: Table) -> bool:
    """Whether a copy of the database may answer: not where the answer says behind which change to
    follow it, which a copy may not have seen."""
    tells = route.operation in ("list", Access.LIST) and target.guarded.is_followed
    return route.operation in READ_ONLY and not tells


def _names_in(route: Route, place: RouteContext) -> list[list[str]]:
    """The names of the parameters of what stands for keys in a path."""
    own, other = _key_names(place)
    return [own, ["change_number"] if "{change_number}" in route.path else other]


def _key_names(place: RouteContext) -> tuple[list[str], list[str]]:
    """The names of the parameters of both keys that a path may have."""
    own = [f.name for f in place.table.key]
    return own, [f"{_start(place)}{f.name}" for f in place.target.key]


def _note_changes(database: Database, catalog: Catalog) -> None:
    for table in catalog.tables.values():
        changes = table.resource.changes
        if changes is not None and is_view(table.sql):
            raise ConfigurationError(
                f"Resource({table.model.__name__}, changes=…): it is a view, whose rows change "
                "with those of other tables. Keep the changes of these."
            )
        if changes is not None:
            database.note_changes(Noted(table.sql, changes.live, changes.keep_days))


def _tell_hidden(catalog: Catalog) -> None:
    if hidden := catalog.hidden_by_name:
        logger.info(
            "Hidden because they are named like secrets: %s. What is none is shown by "
            "Resource(shown=[...]), or by `modelwire serve --show` and its name",
            ", ".join(hidden),
        )


def _start(place: RouteContext) -> str:
    """How the parameters of the second key start, by which they differ from those of the first."""
    return f"{place.relation.name}_" if place.relation else ""


def _check_path(app: FastAPI, table: Table, path: str, *operational: str | None) -> None:
    taken = (app.docs_url, app.redoc_url, app.openapi_url, *operational)
    if path in taken:
        raise ConfigurationError(
            f"Resource({table.model.__name__}): {path} is the documentation's, the health "
            "routes' or the metrics'; give the resource another path=."
        )


def _has_path(app: FastAPI, path: str) -> bool:
    routes = app.router.routes
    own = (getattr(route, "path", None) for route in routes)
    return path in own or any(placed.path == path for placed in place_routes(routes))


def _answer_docs_with_slash(app: FastAPI) -> None:
    """Answer the docs' paths with a last slash too, where FastAPI would redirect."""
    for route in tuple(app.router.routes):
        if isinstance(route, StarletteRoute) and route.name in DOCS:
            path = f"{route.path}/"
            if not _has_path(app, path):
                app.router.add_route(path, route.endpoint, name=path, include_in_schema=False)
