"""Servers that do the same work in short turns, so that other activity affects them alike."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NoReturn, TypeVar

from .clients import Call
from .databases import Database, PostgreSQL, SQLite, open_postgresql_server
from .processes import read_run_time_us
from .servers import Server

Start = TypeVar("Start")

USERS = 10_000
CONNECTIONS = 16
TURN = 20
"""Requests of each connection in a turn."""

WARM_UP = 5
"""Rounds before the first that counts."""


class Runner:
    """Server, with the connections of its clients.

    Args:
        server: The server.
        call: The request; `{n}` goes through the numbers up to `USERS`.
        turn: Requests of each connection in a turn.
    """

    def __init__(self, server: Server, call: Call, turn: int = TURN) -> None:
        self._turn = turn
        self._pid = server.pid
        self._call = call
        self._sent = 0
        self._connections = [
            HTTPConnection("127.0.0.1", server.port, timeout=10) for _ in range(CONNECTIONS)
        ]

    def take_turn(self) -> float:
        """Take a turn; return the microseconds of the server's CPU per request."""
        before = read_run_time_us(self._pid)
        for _ in range(self._turn):
            self._ask_all()
        return (read_run_time_us(self._pid) - before) / (self._turn * CONNECTIONS)

    def _ask_all(self) -> None:
        call, headers = self._call, {"content-type": "application/json"} if self._call.body else {}
        for connection in self._connections:
            self._sent = self._sent % USERS + 1
            path = call.path.replace("{n}", str(self._sent))
            body = call.body and call.body.replace("{n}", str(self._sent))
            connection.request(call.method, path, body, headers)
        for connection in self._connections:
            response = connection.getresponse()
            response.read()
            if response.status >= 300:
                raise RuntimeError(f"The server answered {response.status}")


def take_turns(runners: Mapping[str, Runner], rounds: int) -> list[dict[str, float]]:
    """Let servers take turns, each round in another order.

    Args:
        runners: The servers by name.
        rounds: The rounds that count.

    Returns:
        The microseconds of each server's CPU per request, round by round.
    """
    turns = []
    for _ in range(rounds + WARM_UP):
        order = random.sample(list(runners), len(runners))
        turns.append({name: runners[name].take_turn() for name in order})
    return turns[WARM_UP:]


def compare_servers(
    name: str,
    about: str | None,
    works: Sequence[str],
    counts: tuple[int, int],
    measure: Callable[[Database, str, int], Start],
    report: Callable[[str, str, Sequence[Start]], bool],
) -> NoReturn:
    """Measure works on each database, and fail if a limit is exceeded.

    Args:
        name: The module.
        about: The text of its help.
        works: The works; the command may choose among them and the databases.
        counts: Starts of the servers, and turns of each in a start, by default.
        measure: Measures a work on a database, over a number of rounds.
        report: Prints the results of the starts; returns whether they are within the limits.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=about)
    starts, rounds = counts
    parser.add_argument("--starts", type=int, default=starts, help="times that servers are started")
    parser.add_argument("--rounds", type=int, default=rounds, help="turns of each in a start")
    parser.add_argument("--database", action="append", choices=["sqlite", "postgresql"])
    parser.add_argument("--work", action="append", choices=works)
    arguments = parser.parse_args()
    passed = True
    with ExitStack() as stack:
        for kind in arguments.database or ("sqlite", "postgresql"):
            database = stack.enter_context(open_database(kind))
            for work in arguments.work or works:
                found = [measure(database, work, arguments.rounds) for _ in range(arguments.starts)]
                passed = report(kind, work, found) and passed
    sys.exit(not passed)


DATABASE_TURNS = 5
"""Turns between two readings of the database's CPU, which has a resolution of 10 ms."""

Ratios = tuple[float, float | None]
"""Ratios of one start: of the servers' CPU, and of the database's if it has its own process."""


def compare_databases(
    database: Database, runners: Mapping[str, Runner], rounds: int
) -> float | None:
    """Compare the CPU of the database under two servers.

    Args:
        database: The database.
        runners: The two servers: first the baseline, then the one that is measured.
        rounds: Turns of each.

    Returns:
        The ratio; None where the database is no process of its own.
    """
    used = dict.fromkeys(runners, 0.0)
    for _ in range(max(1, rounds // DATABASE_TURNS)):
        for name, runner in runners.items():
            before = database.read_cpu_us()
            for _ in range(DATABASE_TURNS):
                runner.take_turn()
            after = database.read_cpu_us()
            if before is None or after is None:
                return None
            used[name] += after - before
    other, measured = used.values()
    return measured / other


def report_ratios(
    place: str, starts: Sequence[Ratios], other: str, limits: tuple[float | None, float | None]
) -> bool:
    """Print the cost of one work.

    Args:
        place: The database and the work.
        starts: The ratios.
        other: The baseline.
        limits: The maximum for the servers, and for the database; None for no limit.

    Returns:
        Whether it is within the limits.
    """
    databases = [ratio for _, ratio in starts if ratio is not None]
    passed = _write_ratios(place, [server for server, _ in starts], other, limits[0])
    if not databases:
        return passed
    name = f"{'':<11}database".ljust(len(place))
    return _write_ratios(name, databases, other, limits[1]) and passed


def _write_ratios(place: str, ratios: Sequence[float], other: str, limit: float | None) -> bool:
    low, high = bound_median(ratios)
    within = limit is None or median(ratios) <= limit
    sys.stdout.write(
        f"{place}{median(ratios):.3f} times that {other} "
        f"(95 %: {low:.3f} to {high:.3f}){'' if within else f', over {limit}'}\n"
    )
    sys.stdout.flush()
    return within


def bound_median(values: Sequence[float]) -> tuple[float, float]:
    """Return the interval of the median in 95 of 100 samples drawn from these values."""
    draw = random.Random(0).choices  # noqa: S311 - the same samples each time
    medians = sorted(median(draw(values, k=len(values))) for _ in range(1000))
    return medians[24], medians[974]


@contextmanager
def open_database(kind: str) -> Iterator[Database]:
    """Yield a database of a kind, with `USERS` users."""
    with ExitStack() as stack:
        if kind == "sqlite":
            folder = Path(stack.enter_context(TemporaryDirectory()))
            yield SQLite(folder / "users.db", USERS)
        else:
            yield PostgreSQL(stack.enter_context(open_postgresql_server()), USERS)
