"""The metrics as Prometheus reads them."""

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
from .finished import PendingReports


class _Collected(Collector):
    """Metrics that are collected when they are written."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()


class MetricsPage:
    """Answers Prometheus.

    What several processes count is one page where Prometheus' client keeps it in files: each of
    them writes there what it counts, and whoever is asked adds it up.

    Args:
        database: The database, with its pool.
        counts: What was counted.
        finished: Requests that are counted before it is read.

    Raises:
        ConfigurationError: No files can be kept where the environment says.
    """

    def __init__(self, database: Database, counts: Counts, finished: PendingReports) -> None:
        self._database = database
        self._counts = counts
        self._finished = finished
        self._shared = _open_shared() if is_shared() else None
        if self._shared is not None:
            finished.share = self.share

    def share(self) -> None:
        """Write what was counted where the other processes read it."""
        if self._shared is not None:
            self._shared.add(self._measure())

    async def read(self, request: Request, _session: AsyncSession | None = None) -> Answer:
        """`GET /metrics`, in the format that `Accept` asks for."""
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
        """What is counted here, and what the application has registered, processes included."""
        yield from describe_metrics(self._measure())
        yield from REGISTRY.collect()


async def _read_files(encode: Callable[[Collector], bytes]) -> bytes:
    """Add up what the processes have written.

    Raises:
        Unavailable: Somebody has removed the directory.
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
