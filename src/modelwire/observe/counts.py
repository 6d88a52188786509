"""Counts and durations. Counting a request takes a look-up and a few additions."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from .exchange import Exchange

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets of durations, in seconds; one without a bound follows."""

BUCKETS = (*map(str, BOUNDS_S), "+Inf")
"""Names of the buckets in Prometheus."""

_BOUNDS_NS = [int(bound * 1e9) for bound in BOUNDS_S]


@dataclass(frozen=True, slots=True)
class PoolState:
    """State of a connection pool.

    Args:
        size: Connections that it may hold.
        open: Connections that it holds.
        in_use: Connections that are in use.
        waiting: Requests that wait for one.
    """

    size: int = 0
    open: int = 0
    in_use: int = 0
    waiting: int = 0


@dataclass(slots=True)
class Durations:
    """Histogram of durations.

    Args:
        buckets: The count of each bucket.
        sum_ns: Their sum, in nanoseconds.
    """

    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS_NS) + 1))
    sum_ns: int = 0

    def add(self, duration_ns: int) -> None:
        """Count a duration."""
        self.buckets[bisect_left(_BOUNDS_NS, duration_ns)] += 1
        self.sum_ns += duration_ns

    def write(self) -> tuple[list[tuple[str, float]], float]:
        """Return the cumulative buckets and the sum in seconds, as Prometheus has them."""
        counts = accumulate(self.buckets)
        return [(name, float(count)) for name, count in zip(BUCKETS, counts, strict=True)], (
            self.sum_ns / 1e9
        )


class ReplicaState(NamedTuple):
    """State of a replica.

    Args:
        name: Its host and port.
        is_up: Whether it answers.
        is_copy: Whether it is a replica; not one that was promoted to primary.
        lag_bytes: How much of the log it lacks; None where that is unknown.
        reads: Requests that were sent to it.
        found_s: The time when it last answered or failed, by `time.time`; 0 for never.
    """

    name: str
    is_up: bool
    is_copy: bool
    lag_bytes: int | None
    reads: int
    found_s: float


@dataclass(slots=True)
class Counts:
    """Counts of one process since its start.

    Args:
        requests: Durations of requests by method, route and status.
        waits: Waiting times of requests that had to wait for a connection.
        statements: Statements that were sent.
        failures: Those of them that failed.
        database_ns: The duration of all statements, in nanoseconds.
        retries: Retries of transactions.
        broken_off: Responses that ended early, by route.
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
        """Count a request whose response has ended."""
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
