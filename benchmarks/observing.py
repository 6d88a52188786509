"""`python -m benchmarks.observing`: what logs, metrics and timings cost, on and off.

Three servers do the same work in short turns, each round in another order: one without anything
around its application, one with the defaults, and one with everything switched on. Compared are
the CPU of the server processes for one request, round by round; what counts is the median of these
ratios. The command fails when it is over a limit.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from .clients import CONTENDERS, Call
from .databases import Database, PostgreSQL, SQLite, open_postgresql_server
from .load import run_wrk
from .processes import read_run_time_us
from .servers import Server, open_server

VARIANTS = ("unobserved", "modelwire", "observed")
WORKS = ("get", "page_100")
USERS = 10_000
LIMITS = {"off": 1.03, "on": 1.03}
"""How many times the CPU of the server without it each may take."""


def main() -> None:
    """Measure, print a table, and fail where a limit is passed."""
    arguments = _parse_arguments()
    passed = True
    with ExitStack() as stack:
        for kind in arguments.database or ("sqlite", "postgresql"):
            database = stack.enter_context(_open_database(kind))
            for work in arguments.work or WORKS:
                rounds = _measure(database, work, arguments.rounds)
                passed = _report(kind, work, rounds) and passed
    sys.exit(not passed)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.observing", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="turns of a second for each server")
    parser.add_argument("--database", action="append", choices=["sqlite", "postgresql"])
    parser.add_argument("--work", action="append", choices=WORKS)
    return parser.parse_args()


@contextmanager
def _open_database(kind: str) -> Iterator[Database]:
    with ExitStack() as stack:
        if kind == "sqlite":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yield SQLite(folder / "users.db", USERS)
        else:
            yield PostgreSQL(stack.enter_context(open_postgresql_server()), USERS)


def _measure(database: Database, work: str, rounds: int) -> list[dict[str, float]]:
    """Give each server its turn in each round; the first round warms them up."""
    call = next(c for c in CONTENDERS if c.name == "modelwire").calls[work]
    with ExitStack() as stack:
        servers = {name: stack.enter_context(open_server(name, database.url)) for name in VARIANTS}
        measured = [_take_turns(servers, call) for _ in range(rounds + 1)]
    return measured[1:]


def _take_turns(servers: dict[str, Server], call: Call) -> dict[str, float]:
    order = random.sample(list(servers), len(servers))
    return {name: _measure_turn(servers[name], call) for name in order}


def _measure_turn(server: Server, call: Call) -> float:
    """Microseconds of the server's CPU for one request."""
    before = read_run_time_us(server.pid)
    load = run_wrk(server.port, call, first=1, span=USERS, connections=32, duration_s=1)
    used = read_run_time_us(server.pid) - before
    if load.failed or not load.requests:
        raise RuntimeError(f"{load.failed} of {load.requests} requests failed")
    return used / load.requests


def _report(kind: str, work: str, rounds: Sequence[dict[str, float]]) -> bool:
    """Print what one work costs; returns whether it is within the limits."""
    passed = True
    for name, below, above in (("off", *VARIANTS[:2]), ("on", *VARIANTS[1:])):
        ratios = [turn[above] / turn[below] for turn in rounds]
        cpu_us = median(turn[above] for turn in rounds)
        low, high = _bound_median(ratios)
        within = median(ratios) <= LIMITS[name]
        passed = passed and within
        sys.stdout.write(
            f"{kind:<11}{work:<9}{name:<4}{cpu_us:7.1f} µs  {median(ratios):.3f} times "
            f"that of {below} (95 %: {low:.3f} to {high:.3f})"
            f"{'' if within else f', over {LIMITS[name]}'}\n"
        )
        sys.stdout.flush()
    return passed


def _bound_median(values: Sequence[float]) -> tuple[float, float]:
    """Where the median lies in 95 of 100 samples drawn from these values."""
    draw = random.Random(0).choices  # noqa: S311 - the same samples each time
    medians = sorted(median(draw(values, k=len(values))) for _ in range(1000))
    return medians[24], medians[974]


if __name__ == "__main__":
    main()
