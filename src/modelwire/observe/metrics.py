"""Metrics for Prometheus, whose library is only used when metrics are read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from .counts import Counts, Durations, PoolState, ReplicaState

Labels: TypeAlias = tuple[str, ...]


class Number(NamedTuple):
    """Sample of a metric: a count, or a value measured now.

    Args:
        labels: Its labels.
        value: The number.
        found_s: The time of the measurement, by `time.time`, where it may have been earlier; 0
            where there has been none.
    """

    labels: Labels
    value: float
    found_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Numbers:
    """Metric whose values are numbers.

    Args:
        name: Its name; that of a counter without `_total`.
        text: The help text.
        kind: Its type in Prometheus.
        mode: How values of several processes are combined: they are added up, those of live
            processes alone for a gauge; or the most recent one of a live process counts.
        names: The names of its labels.
        samples: The samples.
    """

    name: str
    text: str
    kind: Literal["counter", "gauge"]
    samples: Iterable[Number]
    names: Labels = ()
    mode: Literal["livesum", "livemostrecent"] = "livesum"


@dataclass(frozen=True, slots=True)
class Histogram:
    """Metric whose values are durations, added up over several processes.

    Args:
        name: Its name.
        text: The help text.
        samples: The durations, with their labels.
        names: The names of its labels.
    """

    name: str
    text: str
    samples: Iterable[tuple[Labels, Durations]]
    names: Labels = ()


Measured: TypeAlias = Numbers | Histogram


def measure(
    counts: Counts, pool: PoolState, replicas: Sequence[ReplicaState] = ()
) -> Iterator[Measured]:
    """Yield the metrics of this process.

    Args:
        counts: The counts.
        pool: The pool as it is now.
        replicas: The read replicas.

    Yields:
        The metrics.
    """
    yield from _measure_requests(counts)
    yield from _measure_statements(counts)
    yield from _measure_replicas(replicas)
    for name, text, value in (
        ("modelwire_streams_open", "Streams that are open.", counts.streams),
        ("modelwire_pool_size", "Connections that the pool may hold.", pool.size),
        ("modelwire_pool_open", "Connections that the pool holds.", pool.open),
        ("modelwire_pool_in_use", "Connections that are in use.", pool.in_use),
        ("modelwire_pool_waiting", "Requests that wait for a connection.", pool.waiting),
    ):
        yield Numbers(name, text, "gauge", [Number((), value)])


def _measure_requests(counts: Counts) -> Iterator[Measured]:
    yield Histogram(
        "modelwire_request_duration_seconds",
        "Duration of requests, to the end of the response.",
        (((m, r, str(s)), durations) for (m, r, s), durations in counts.requests.items()),
        ("method", "route", "status"),
    )
    yield Numbers(
        "modelwire_answers_broken_off",
        "Responses that ended early.",
        "counter",
        (Number((route,), count) for route, count in counts.broken_off.items()),
        ("route",),
    )


def _measure_statements(counts: Counts) -> Iterator[Measured]:
    yield Histogram(
        "modelwire_pool_wait_seconds",
        "Wait for a connection, of requests that had to wait.",
        [((), counts.waits)],
    )
    for name, text, value in (
        ("modelwire_statements", "Statements that were sent.", counts.statements),
        ("modelwire_statements_failed", "Statements that failed.", counts.failures),
        ("modelwire_statement_seconds", "Duration of all statements.", counts.database_ns * 1e-9),
        ("modelwire_retries", "Retries of transactions.", counts.retries),
    ):
        yield Numbers(name, text, "counter", [Number((), value)])


def _measure_replicas(replicas: Sequence[ReplicaState]) -> Iterator[Measured]:
    yield Numbers(
        "modelwire_replica_up",
        "Whether a replica answers.",
        "gauge",
        [Number((each.name,), each.is_up, each.found_s) for each in replicas],
        ("server",),
        "livemostrecent",
    )
    yield Numbers(
        "modelwire_replica_lag_bytes",
        "Lag of a replica in bytes of the log; NaN where it is unknown.",
        "gauge",
        [Number((each.name,), _lag_of(each), each.found_s) for each in replicas],
        ("server",),
        "livemostrecent",
    )
    yield Numbers(
        "modelwire_replica_reads",
        "Requests that were sent to a replica.",
        "counter",
        [Number((each.name,), each.reads) for each in replicas],
        ("server",),
    )


def _lag_of(replica: ReplicaState) -> float:
    return math.nan if replica.lag_bytes is None else replica.lag_bytes


def describe_metrics(measures: Iterable[Measured]) -> Iterator[Metric]:
    """Yield measurements as metrics of Prometheus."""
    for measured in measures:
        if isinstance(measured, Histogram):
            yield _describe_histogram(measured)
        else:
            yield _describe_numbers(measured)


def _describe_numbers(measured: Numbers) -> Metric:
    of = CounterMetricFamily if measured.kind == "counter" else GaugeMetricFamily
    family = of(measured.name, measured.text, labels=measured.names)
    for number in measured.samples:
        family.add_metric(number.labels, number.value)
    return family


def _describe_histogram(measured: Histogram) -> Metric:
    family = HistogramMetricFamily(measured.name, measured.text, labels=measured.names)
    for labels, durations in measured.samples:
        buckets, sum_s = durations.write()
        family.add_metric(labels, buckets, sum_s)
    return family
