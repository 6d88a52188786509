"""The metrics as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import REGISTRY, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from sqlmodel.ext.asyncio.session import AsyncSession

from ..execute.database import Database
from ..observe.counts import Counts
from ..observe.metrics import describe_metrics
from ..plan.reading.query import refuse_parameters
from ..request.query import parse_query
from ..request.request import Request
from ..respond.answer import Answer
from .finished import PendingReports


class _Everything(Collector):
    """What is counted here, and what the application has registered, processes included."""

    def __init__(self, own: Iterator[Metric]) -> None:
        self._own = own

    def collect(self) -> Iterator[Metric]:
        yield from self._own
        yield from REGISTRY.collect()


class MetricsPage:
    """Answers Prometheus.

    Args:
        database: The database, with its pool.
        counts: What was counted.
        finished: Requests that are counted before it is read.
    """

    def __init__(self, database: Database, counts: Counts, finished: PendingReports) -> None:
        self._database = database
        self._counts = counts
        self._finished = finished

    async def read(self, request: Request, _session: AsyncSession | None = None) -> Answer:
        """`GET /metrics`, in the format that `Accept` asks for."""
        refuse_parameters(parse_query(request.query_string))
        self._finished.report()
        encode, media_type = choose_encoder(request.header(b"accept") or "")
        replicas = self._database.replicas
        states = () if replicas is None else replicas.states
        own = describe_metrics(self._counts, self._database.pool_state, states)
        return Answer(200, encode(_Everything(own)), ((b"content-type", media_type.encode()),))
