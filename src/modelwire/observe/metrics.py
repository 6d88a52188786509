"""Counts and durations, and how Prometheus reads them.

To count a request is a look-up and a few additions; the library for Prometheus is only asked when
the metrics are read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from .exchange import Exchange

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the buckets of durations, in seconds; one without bound follows."""

_BOUNDS_NS = [int(bound * 1e9) for bound in BOUNDS_S]


@dataclass(frozen=True, slots=True)
class PoolState:
    """The connections of a pool.

    Args:
        size: How many it may hold.
        open: How many it holds.
        in_use: How many of them somebody uses.
        waiting: How many requests wait for one.
    """

    size: int = 0
    open: int = 0
    in_use: int = 0
    waiting: int = 0


@dataclass(slots=True)
class Durations:
    """A histogram of durations.

    Args:
        buckets: How many fell into each bucket.
        sum_ns: All of them together, in nanoseconds.
    """

    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS_NS) + 1))
    sum_ns: int = 0

    def add(self, duration_ns: int) -> None:
        """Count one."""
        self.buckets[bisect_left(_BOUNDS_NS, duration_ns)] += 1
        self.sum_ns += duration_ns

    def write(self) -> tuple[list[tuple[str, float]], float]:
        """The cumulative buckets and the sum in seconds, as Prometheus has them."""
        names = [*map(str, BOUNDS_S), "+Inf"]
        counts = accumulate(self.buckets)
        return [(name, float(count)) for name, count in zip(names, counts, strict=True)], (
            self.sum_ns / 1e9
        )


@dataclass(slots=True)
class Counts:
    """What one process has counted since it started.

    Args:
        requests: Durations of requests by method, route and status.
        waits: How long requests waited for connections, those that did.
        statements: Statements that were sent.
        failures: Those of them that failed.
        database_ns: How long all of them ran, in nanoseconds.
        retries: How often a transaction was tried again.
        broken_off: Answers that ended before their end, by route.
        streams: Streams that are open.
    """

    requests: dict[tuple[str, str, int], Durations] = field(default_factory=dict)
    waits: Durations = field(default_factory=Durations)
    statements: int = 0
    failures: int = 0
    database_ns: int = 0
    retries: int = 0
    broken_off: dict[str, int] = field(default_factory=dict)
    streams: int = 0

    def add(self, exchange: Exchange) -> None:
        """Count a request whose answer has ended."""
        key = (exchange.method, exchange.route, exchange.status)
        durations = self.requests.get(key)
        if durations is None:
            durations = self.requests[key] = Durations()
        durations.add(exchange.duration_ns)
        self.statements += exchange.statements
        self.database_ns += exchange.database_ns
        self.failures += exchange.failures
        self.retries += exchange.retries
        if exchange.pool_ns:
            self.waits.add(exchange.pool_ns)
        if exchange.is_broken_off:
            self.broken_off[exchange.route] = self.broken_off.get(exchange.route, 0) + 1


def describe_metrics(counts: Counts, pool: PoolState) -> Iterator[Metric]:
    """Write counts as the metrics of Prometheus.

    Args:
        counts: The counts.
        pool: The pool as it is now.

    Yields:
        The metrics.
    """
    yield from _describe_requests(counts)
    yield from _describe_statements(counts)
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
