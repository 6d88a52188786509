"""How Prometheus reads what was counted. Its library is only asked when the metrics are read."""

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
    """A number that was counted, or is so now.

    Args:
        labels: Its labels.
        value: The number.
        found_s: When it was found out, by `time.time`, where that may have been some time ago; 0
            where it is not known yet.
    """

    labels: Labels
    value: float
    found_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Numbers:
    """A metric whose values are numbers.

    Args:
        name: Its name; that of a counter without `_total`.
        text: What is measured.
        kind: What it is to Prometheus.
        mode: How those of several processes are one: they are added up, as far as these live if
            it is a gauge; or what one of those that live has found out last counts.
        names: The names of its labels.
        samples: What was measured.
    """

    name: str
    text: str
    kind: Literal["counter", "gauge"]
    samples: Iterable[Number]
    names: Labels = ()
    mode: Literal["livesum", "livemostrecent"] = "livesum"


@dataclass(frozen=True, slots=True)
class Histogram:
    """A metric whose values are durations, added up over several processes.

    Args:
        name: Its name.
        text: What is measured.
        samples: What was measured, with its labels.
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
    """Give what this process has counted.

    Args:
        counts: The counts.
        pool: The pool as it is now.
        replicas: The copies of the database that reads go to.

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
        "How long requests took, to the end of the answer.",
        (((m, r, str(s)), durations) for (m, r, s), durations in counts.requests.items()),
        ("method", "route", "status"),
    )
    yield Numbers(
        "modelwire_answers_broken_off",
        "Answers that ended before their end.",
        "counter",
        (Number((route,), count) for route, count in counts.broken_off.items()),
        ("route",),
    )


def _measure_statements(counts: Counts) -> Iterator[Measured]:
    yield Histogram(
        "modelwire_pool_wait_seconds",
        "How long those requests waited for a connection that had to.",
        [((), counts.waits)],
    )
    for name, text, value in (
        ("modelwire_statements", "Statements that were sent.", counts.statements),
        ("modelwire_statements_failed", "Statements that failed.", counts.failures),
        ("modelwire_statement_seconds", "How long statements ran.", counts.database_ns * 1e-9),
        ("modelwire_retries", "How often transactions were tried again.", counts.retries),
    ):
        yield Numbers(name, text, "counter", [Number((), value)])


def _measure_replicas(replicas: Sequence[ReplicaState]) -> Iterator[Measured]:
    yield Numbers(
        "modelwire_replica_up",
        "Whether a copy answers.",
        "gauge",
        [Number((each.name,), each.is_up, each.found_s) for each in replicas],
        ("server",),
        "livemostrecent",
    )
    yield Numbers(
        "modelwire_replica_lag_bytes",
        "How much of the log a copy lacks; NaN where that is not known.",
        "gauge",
        [Number((each.name,), _lag_of(each), each.found_s) for each in replicas],
        ("server",),
        "livemostrecent",
    )
    yield Numbers(
        "modelwire_replica_reads",
        "Requests that a copy was chosen for.",
        "counter",
        [Number((each.name,), each.reads) for each in replicas],
        ("server",),
    )


def _lag_of(replica: ReplicaState) -> float:
    return math.nan if replica.lag_bytes is None else replica.lag_bytes


def describe_metrics(measures: Iterable[Measured]) -> Iterator[Metric]:
    """Write what was measured as the metrics of Prometheus."""
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
