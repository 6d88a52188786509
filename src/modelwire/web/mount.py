"""Mounting of resources on an application."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Literal

from fastapi import FastAPI
from fastapi.params import Depends

from ..access.caller import Caller
from ..catalog.across_mounts import check_apart
from ..catalog.idle_hooks import describe_idle_hooks
from ..catalog.orm_only import describe_passed_over
from ..catalog.read import read_catalog
from ..catalog.reading.lossy_documents import describe_lossy_documents
from ..catalog.reading.required_columns import describe_unfilled
from ..catalog.reading.soft_delete import describe_kept_values
from ..catalog.tables import Catalog, Table
from ..catalog.views import is_view
from ..errors import ConfigurationError
from ..execute.database import Database
from ..execute.log.logged_table import Noted
from ..pipeline.pipeline import Pipeline
from ..pipeline.variants import Variants
from ..resource import Resource
from ..suggestions import naming_arguments
from .agents.options import Mcp
from .arguments import check_arguments
from .callers import Callers
from .cors import Cors
from .docs import answer_docs_with_slash, has_assets, serve_docs
from .extra_routes import add_admin, add_agents
from .limits import RequestLimits
from .mounted_resources import MountedResources
from .resource_routes import add_resources
from .route_names import has_path
from .routes import Routes
from .row_dependencies import is_bound
from .service import Service, open_service
from .shared_routes import METRICS, add_batches, add_health, add_metrics

logger = logging.getLogger("modelwire")


@naming_arguments
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
        database: The database with the rows.
        resources: The resources; each is served at its path.
        caller: The caller, to whom the policies of the resources apply. It is resolved before
            anything else of a resource.
        prefix: The prefix of every path, as in `/api/v1`.
        dependencies: `Depends(...)` that every operation runs first.
        health: The path of the health routes; None for none. A path that the application has
            already is left to it.
        batch: The path of batches of requests to the resources of the application, below `prefix`;
            None for none. A path that the application has already is left to it.
        mcp: Whether to serve the resources to agents, at `/mcp` below `prefix`, or the options for
            that; not, by default. A mount without resources serves those mounted before it.
        admin: Whether to serve an admin page for the resources, at `/admin` below `prefix`; not, by
            default. A mount without resources serves those mounted before it.
        offline_docs: Whether the docs pages load their assets from the application instead of a
            CDN; by default if `modelwire[docs]`, which contains them, is installed.
        cors: The origins whose pages may use the application; `MODELWIRE_CORS_ORIGINS` or none by
            default.
        max_body_bytes: The maximum size of a body; `MODELWIRE_MAX_BODY_BYTES` or 1 MiB by default.
        conflict_status: The status where a unique value is taken or a parent is missing;
            `MODELWIRE_CONFLICT_STATUS` or 400 by default.

    Raises:
        ConfigurationError: A resource can't be served as declared, or an argument is of the wrong
            kind; says why.
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
    prefix = prefix.rstrip("/")
    read = partial(
        read_catalog,
        resources,
        database.settings,
        prefix,
        dependencies,
        is_bound,
        database.sql_dialect,
        caller,
    )
    catalog = read()
    _tell_hidden(catalog)
    service = open_service(app, database)
    check_apart(catalog, [mounted.catalog for mounted in service.mounted])
    service.choose_cors(app, cors)
    service.choose_caller(caller)
    conflict = conflict_status or database.settings.conflict_status
    make = partial(Pipeline, database=database, conflict_status=conflict)
    callers = None if caller is None else Callers(caller, catalog)
    mounted = MountedResources(callers, Variants(catalog, read, make), prefix, dependencies)
    service.add_resources(mounted, conflict)
    routes = Routes(app, service, mounted, conflict, _limit_requests(service, max_body_bytes))
    _check_paths(routes, health)
    add_resources(routes)
    for table in catalog.tables.values():
        _tell_of_mistakes(table, catalog)
    _note_changes(database, catalog)
    if batch is not None and not has_path(app, prefix + batch):
        add_batches(routes, prefix + batch, dependencies)
    if mcp:
        add_agents(routes, Mcp() if mcp is True else mcp)
    if admin:
        add_admin(routes)
    _add_routes_of_operators(routes, app, database, health)
    if service.choose_docs(offline=has_assets() if offline_docs is None else offline_docs):
        serve_docs(app)
    answer_docs_with_slash(app)


def _add_routes_of_operators(
    routes: Routes, app: FastAPI, database: Database, health: str | None
) -> None:
    """Add the routes for operators, where the application has none of the same paths."""
    if health is not None and not has_path(app, health):
        add_health(routes, health)
    if database.observer.counts is not None and not has_path(app, METRICS):
        add_metrics(routes, database.observer.counts)


def _limit_requests(service: Service, max_body_bytes: int | None) -> RequestLimits:
    settings = service.database.settings
    return RequestLimits(
        max_body_bytes or settings.max_body_bytes,
        settings.request_timeout_s,
        settings.send_timeout_s,
        service.streams,
        service.listeners,
    )


def _note_changes(database: Database, catalog: Catalog) -> None:
    for table in catalog.tables.values():
        changes = table.resource.changes
        if changes is not None and is_view(table.sql):
            raise ConfigurationError(
                f"Resource({table.model.__name__}, changes=…): it is a view, whose rows change "
                "with those of other tables. Keep the changes of these."
            )
        if changes is not None:
            database.tracking.note(Noted(table.sql, changes.live, changes.keep_days))


def _tell_hidden(catalog: Catalog) -> None:
    if hidden := catalog.hidden_by_name:
        logger.info(
            "Hidden because they are named like secrets: %s. To show a field that is not "
            "a secret, use Resource(shown=[...]) or `modelwire serve --show TABLE.FIELD`",
            ", ".join(hidden),
        )


def _tell_of_mistakes(table: Table, catalog: Catalog) -> None:
    told = (
        describe_passed_over(table),
        describe_kept_values(table),
        describe_unfilled(table),
        describe_lossy_documents(table),
        describe_idle_hooks(table, catalog),
    )
    for said in told:
        if said is not None:
            logger.warning(said)


def _check_paths(routes: Routes, health: str | None) -> None:
    app, settings = routes.app, routes.service.database.settings
    metrics = METRICS if settings.metrics else None
    taken = (app.docs_url, app.redoc_url, app.openapi_url, health, metrics)
    for table in routes.mounted.catalog.tables.values():
        path = routes.prefix + table.path
        if path in taken:
            raise ConfigurationError(
                f"Resource({table.model.__name__}): {path} is the documentation's, the health "
                "routes' or the metrics'; give the resource another path=."
            )
