"""Routes of an application that are not a resource's: health, batches and metrics."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from fastapi.params import Depends

from ..extras import require
from ..observe.counts import Counts
from ..openapi.batch import compose_batch
from .batch import Batches
from .health import LIVENESS, READINESS, Health, describe_health
from .routes import Routes

logger = logging.getLogger("modelwire")

METRICS = "/metrics"


def add_health(routes: Routes, path: str) -> None:
    """Add the health routes: whether the process is alive, and whether the database is available.

    Args:
        routes: The routes of the mount.
        path: The path of the first route.
    """
    health = Health(routes.service.database, routes.service.problems)
    routes.service.index.health = path
    for end, handle, operation in (
        ("", health.live, LIVENESS),
        ("/live", health.live, LIVENESS),
        ("/ready", health.ready, READINESS),
    ):
        routes.add(
            path + end,
            routes.endpoint(handle),
            "GET",
            operation_id="health" + end.replace("/", "_"),
            compose=partial(describe_health, operation, routes.service.components),
            tags=["health"],
        )


def add_batches(routes: Routes, path: str, dependencies: Sequence[Depends]) -> None:
    """Add the route of batches, unless a resource has its path.

    Args:
        routes: The routes of the mount.
        path: The path.
        dependencies: The dependencies that every operation of the mount runs first.
    """
    service = routes.service
    if service.lookup.has(path, "POST"):
        logger.warning(
            "Batches are not served: POST %s is a resource's. Give mount() another batch=, or None",
            path,
        )
        return
    service.batches.append(path)
    callers, limit = routes.mounted.callers, service.database.settings.max_batch_requests
    batches = Batches(
        routes.mounted.variants, service.lookup, service.problems, service.mounted, limit
    )
    routes.add(
        path,
        routes.endpoint(batches.answer, takes_body=True, takes_scope=True, callers=callers),
        "POST",
        operation_id="batch" if not routes.prefix else "batch" + routes.prefix.replace("/", "_"),
        compose=partial(compose_batch, service.components, limit),
        dependencies=routes.guards(dependencies),
        tags=["batch"],
    )


def add_metrics(routes: Routes, counts: Counts) -> None:
    """Add the route of metrics.

    Args:
        routes: The routes of the mount.
        counts: The counts.

    Raises:
        ConfigurationError: The package of Prometheus' client is not installed.
    """
    require("prometheus_client", "MODELWIRE_METRICS=true")
    from .metrics import MetricsPage  # noqa: PLC0415 - it imports that

    page = MetricsPage(routes.service.database, counts, routes.service.finished)
    routes.add(METRICS, routes.endpoint(page.read), "GET", operation_id="metrics")
