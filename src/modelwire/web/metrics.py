"""Metrics for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import REGISTRY, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from sqlmodel.ext.asyncio.session import AsyncSession

from ..compat.prometheus import DIRECTORY, collect_shared, is_shared, prepare_directory
from ..errors import ConfigurationError, Unavailable
from ..execute.database import Database
from ..observe.counts import Counts
from ..observe.metrics import Measured, describe_metrics, measure
from ..observe.shared import SharedMetrics
from ..plan.reading.query import refuse_parameters
from ..request.query import parse_query
from ..request.request import Request
from ..respond.answer import Answer
from .pending_reports import PendingReports


class _Collected(Collector):
    """Collector of metrics that are gathered when they are written."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()


class MetricsPage:
    """Endpoint for Prometheus.

    Several processes share one page where Prometheus' client keeps metrics in files: each process
    writes its counts there, and the process that answers adds them up.

    Args:
        database: The database, with its pool.
        counts: The counts.
        finished: The requests to count before the page is read.

    Raises:
        ConfigurationError: The directory for the files can't be used.
    """

    def __init__(self, database: Database, counts: Counts, finished: PendingReports) -> None:
        self._database = database
        self._counts = counts
        self._finished = finished
        self._shared = _open_shared() if is_shared() else None
        if self._shared is not None:
            finished.share = self.share

    def share(self) -> None:
        """Write the counts where the other processes read them."""
        if self._shared is not None:
            self._shared.add(self._measure())

    async def read(self, request: Request, _session: AsyncSession | None = None) -> Answer:
        """Answer `GET /metrics`, in the format that `Accept` asks for."""
        refuse_parameters(parse_query(request.query_string))
        self._finished.report()
        encode, media_type = choose_encoder(request.header(b"accept") or "")
        if self._shared is None:
            body = encode(_Collected(self._collect))
        else:
            body = await _read_files(encode)
        return Answer(200, body, ((b"content-type", media_type.encode()),))

    def _measure(self) -> Iterator[Measured]:
        replicas = self._database.replicas
        states = () if replicas is None else replicas.states
        return measure(self._counts, self._database.pool_state, states)

    def _collect(self) -> Iterator[Metric]:
        """Yield the metrics of this process, including those registered by the application."""
        yield from describe_metrics(self._measure())
        yield from REGISTRY.collect()


async def _read_files(encode: Callable[[Collector], bytes]) -> bytes:
    """Add up the files of all processes.

    Raises:
        Unavailable: The directory was removed.
    """
    try:
        return await asyncio.to_thread(encode, _Collected(collect_shared))
    except FileNotFoundError as exc:
        raise Unavailable(
            f"The directory in which processes count together ({DIRECTORY}) was removed; restart "
            "them"
        ) from exc


def _open_shared() -> SharedMetrics:
    try:
        prepare_directory()
    except OSError as exc:
        raise ConfigurationError(
            f"Processes can't count together in {DIRECTORY} (MODELWIRE_METRICS): {exc}. Name a "
            "directory that they may write to"
        ) from exc
    return SharedMetrics()
