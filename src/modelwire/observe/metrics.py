"""How Prometheus reads what was counted. Its library is only asked when the metrics are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from .counts import Counts, Durations, PoolState, ReplicaState


def describe_metrics(
    counts: Counts, pool: PoolState, replicas: Sequence[ReplicaState] = ()
) -> Iterator[Metric]:
    """Write counts as the metrics of Prometheus.

    Args:
        counts: The counts.
        pool: The pool as it is now.
        replicas: The copies of the database that reads go to.

    Yields:
        The metrics.
    """
    yield from _describe_requests(counts)
    yield from _describe_statements(counts)
    yield from _describe_replicas(replicas)
    for name, text, value in (
        ("modelwire_streams_open", "Streams that are open.", counts.streams),
        ("modelwire_pool_size", "Connections that the pool may hold.", pool.size),
        ("modelwire_pool_open", "Connections that the pool holds.", pool.open),
        ("modelwire_pool_in_use", "Connections that are in use.", pool.in_use),
        ("modelwire_pool_waiting", "Requests that wait for a connection.", pool.waiting),
    ):
        yield GaugeMetricFamily(name, text, value)


def _describe_requests(counts: Counts) -> Iterator[Metric]:
    labels = ("method", "route", "status")
    yield _histogram(
        "modelwire_request_duration_seconds",
        "How long requests took, to the end of the answer.",
        labels,
        (((m, r, str(s)), durations) for (m, r, s), durations in counts.requests.items()),
    )
    broken = CounterMetricFamily(
        "modelwire_answers_broken_off", "Answers that ended before their end.", labels=("route",)
    )
    for route, count in counts.broken_off.items():
        broken.add_metric([route], count)
    yield broken


def _describe_statements(counts: Counts) -> Iterator[Metric]:
    yield _histogram(
        "modelwire_pool_wait_seconds",
        "How long those requests waited for a connection that had to.",
        (),
        [((), counts.waits)],
    )
    for name, text, value in (
        ("modelwire_statements", "Statements that were sent.", counts.statements),
        ("modelwire_statements_failed", "Statements that failed.", counts.failures),
        ("modelwire_statement_seconds", "How long statements ran.", counts.database_ns * 1e-9),
        ("modelwire_retries", "How often transactions were tried again.", counts.retries),
    ):
        yield CounterMetricFamily(name, text, value)


def _describe_replicas(replicas: Sequence[ReplicaState]) -> Iterator[Metric]:
    labels = ("server",)
    up = GaugeMetricFamily("modelwire_replica_up", "Whether a copy answers.", labels=labels)
    lag = GaugeMetricFamily(
        "modelwire_replica_lag_bytes", "How much of the log a copy lacks.", labels=labels
    )
    reads = CounterMetricFamily(
        "modelwire_replica_reads", "Requests that a copy was chosen for.", labels=labels
    )
    for replica in replicas:
        up.add_metric([replica.name], replica.is_up)
        reads.add_metric([replica.name], replica.reads)
        if replica.lag_bytes is not None:
            lag.add_metric([replica.name], replica.lag_bytes)
    yield from (up, lag, reads)


def _histogram(
    name: str,
    text: str,
    labels: tuple[str, ...],
    samples: Iterable[tuple[tuple[str, ...], Durations]],
) -> Metric:
    histogram = HistogramMetricFamily(name, text, labels=labels)
    for values, durations in samples:
        buckets, sum_s = durations.write()
        histogram.add_metric(values, buckets, sum_s)
    return histogram
