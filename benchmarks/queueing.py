"""Gain from more servers, by a model: `python -m benchmarks.queueing` prints the tables of a page.

Requests arrive at random (Poisson), each takes one core of one server for an exponentially
distributed time, and a request that finds all cores busy waits (M/M/c; Erlang, 1917). Reads go to
the least busy replica, which is nearly one queue for all of them. Writes go to the primary, and
every replica replays each of them, at a part of the cost of the write.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Load:
    """Load on a cluster.

    Args:
        writes: The share of requests that write.
        write_cost: The cost of a write, in multiples of that of a read.
        replay: The cost of replaying a write, in multiples of that of the write itself.
        cores: Cores of each server.
    """

    writes: float
    write_cost: float = 2.0
    replay: float = 0.3
    cores: int = 4


def find_capacity(load: Load, copies: int) -> float:
    """Return the maximum throughput, in multiples of the reads of one core.

    Args:
        load: The load.
        copies: The number of replicas, which take all reads; without any the primary does.
    """
    reads = 1 - load.writes
    written = load.writes * load.write_cost
    if not copies:
        return load.cores / (reads + written)
    by_copies = load.cores / (reads / copies + written * load.replay)
    return min(by_copies, load.cores / written) if written else by_copies


def erlang_c(servers: int, offered: float) -> float:
    """Return the share of requests that have to wait (Erlang C).

    Args:
        servers: The number of servers.
        offered: The average number of busy ones if none waited, less than `servers`.
    """
    lost = 1.0  # Erlang's first formula, by its recursion
    for busy in range(1, servers + 1):
        lost = offered * lost / (busy + offered * lost)
    return lost / (1 - offered / servers * (1 - lost))


def find_wait(servers: int, offered: float, part: float = 0.95) -> float:
    """Return the wait that a share of the requests stays below, in multiples of a service time."""
    waiting = erlang_c(servers, offered)
    return max(0.0, math.log(waiting / (1 - part)) / (servers - offered)) if waiting else 0.0


def simulate_waits(servers: int, offered: float, requests: int, random: Random) -> list[float]:
    """Return the waits of simulated requests, against which the formulas are tested."""
    free = [0.0] * servers
    now, waits = 0.0, []
    for _ in range(requests):
        now += random.expovariate(offered)
        start = max(now, heapq.heappop(free))
        heapq.heappush(free, start + random.expovariate(1.0))
        waits.append(start - now)
    return waits


COPIES = (0, 1, 2, 3, 5, 8)
WRITES = (0.01, 0.05, 0.2, 0.5)
BUSY = (0.5, 0.7, 0.8, 0.9)


def write_capacities() -> Iterator[str]:
    """Yield the table of the throughput of replicas, in multiples of that of one server."""
    yield f"| writes | {' | '.join(_count(n) for n in COPIES)} |"
    yield f"|---|{'---:|' * len(COPIES)}"
    for writes in WRITES:
        load = Load(writes)
        alone = find_capacity(load, 0)
        cells = [f"{find_capacity(load, n) / alone:.1f}" for n in COPIES]
        yield f"| {writes:.0%} | {' | '.join(cells)} |"


def write_waits() -> Iterator[str]:
    """Yield the table of the waits of reads, by the number of replicas and their utilisation."""
    shown = [n for n in COPIES if n]
    yield f"| busy | {' | '.join(_count(n) for n in shown)} |"
    yield f"|---|{'---:|' * len(shown)}"
    for busy in BUSY:
        cores = [Load(0).cores * n for n in shown]
        cells = [f"{find_wait(c, busy * c):.2f}" for c in cores]
        yield f"| {busy:.0%} | {' | '.join(cells)} |"


def _count(copies: int) -> str:
    return {0: "no replica", 1: "1 replica"}.get(copies, f"{copies} replicas")


def tables() -> Sequence[str]:
    """Return the tables, as in docs/scale.md."""
    return ["\n".join(write_capacities()), "\n".join(write_waits())]


def main() -> None:
    """Print the tables."""
    print("\n\n".join(tables()))  # noqa: T201


if __name__ == "__main__":
    main()
