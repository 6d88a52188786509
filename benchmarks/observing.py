"""`python -m benchmarks.observing`: what logs, metrics and timings cost, on and off.

Three servers do the same work in short turns, each round in another order: one without anything
around its application, one with the defaults, and one with everything switched on. Compared are
the CPU of the server processes for one request, round by round. A turn takes less than a second, so
that whatever else the machine does meets all three. Two processes of the same program differ by a
few percent for as long as they run, by where their memory lies; so all are started anew several
times. What counts is the median of the ratios of all starts. The command fails when one is over its
limit.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from .clients import CONTENDERS, Call
from .databases import Database, PostgreSQL, SQLite, open_postgresql_server
from .processes import read_run_time_us
from .servers import Server, open_server

VARIANTS = ("unobserved", "modelwire", "observed")
WORKS = ("get", "page_100")
USERS = 10_000
CONNECTIONS = 16
TURN = 20
"""Requests of each connection in a turn."""

WARM_UP = 5
"""Rounds before the first that counts."""

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
                starts = [
                    _measure(database, work, arguments.rounds) for _ in range(arguments.starts)
                ]
                passed = _report(kind, work, starts) and passed
    sys.exit(not passed)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.observing", description=__doc__)
    parser.add_argument("--starts", type=int, default=10, help="times that servers are started")
    parser.add_argument("--rounds", type=int, default=25, help="turns of each server in a start")
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


class _Runner:
    """A server, and the connections that it is asked on."""

    def __init__(self, server: Server, call: Call) -> None:
        self._pid = server.pid
        self._call = call
        self._sent = 0
        self._connections = [
            HTTPConnection("127.0.0.1", server.port, timeout=10) for _ in range(CONNECTIONS)
        ]

    def take_turn(self) -> float:
        """Microseconds of the server's CPU for one request."""
        before = read_run_time_us(self._pid)
        for _ in range(TURN):
            self._ask_all()
        return (read_run_time_us(self._pid) - before) / (TURN * CONNECTIONS)

    def _ask_all(self) -> None:
        for connection in self._connections:
            self._sent = self._sent % USERS + 1
            connection.request(self._call.method, self._call.path.replace("{n}", str(self._sent)))
        for connection in self._connections:
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise RuntimeError(f"The server answered {response.status}")


def _measure(database: Database, work: str, rounds: int) -> list[dict[str, float]]:
    call = next(c for c in CONTENDERS if c.name == "modelwire").calls[work]
    with ExitStack() as stack:
        runners = {
            name: _Runner(stack.enter_context(open_server(name, database.url)), call)
            for name in VARIANTS
        }
        return [_take_turns(runners) for _ in range(rounds + WARM_UP)][WARM_UP:]


def _take_turns(runners: dict[str, _Runner]) -> dict[str, float]:
    order = random.sample(list(runners), len(runners))
    return {name: runners[name].take_turn() for name in order}


def _report(kind: str, work: str, starts: Sequence[Sequence[dict[str, float]]]) -> bool:
    """Print what one work costs; returns whether it is within the limits."""
    passed = True
    for name, below, above in (("off", *VARIANTS[:2]), ("on", *VARIANTS[1:])):
        ratios = [median(turn[above] / turn[below] for turn in rounds) for rounds in starts]
        cpu_us = median(turn[above] for rounds in starts for turn in rounds)
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
