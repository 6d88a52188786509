"""Counts and durations. To count a request is a look-up and a few additions."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from .exchange import Exchange

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the buckets of durations, in seconds; one without bound follows."""

BUCKETS = (*map(str, BOUNDS_S), "+Inf")
"""The names of the buckets, as Prometheus has them."""

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
        counts = accumulate(self.buckets)
        return [(name, float(count)) for name, count in zip(BUCKETS, counts, strict=True)], (
            self.sum_ns / 1e9
        )


class ReplicaState(NamedTuple):
    """What is known of a copy.

    Args:
        name: Its host and port.
        is_up: Whether it answers.
        is_copy: Whether it is a copy; not one that was made the primary.
        lag_bytes: How much of the log it lacks; None where that is not known.
        reads: Requests that it was chosen for.
        found_s: When it has last answered or failed, by `time.time`; 0 for never.
    """

    name: str
    is_up: bool
    is_copy: bool
    lag_bytes: int | None
    reads: int
    found_s: float


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
