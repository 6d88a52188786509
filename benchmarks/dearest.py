"""`python -m benchmarks.dearest`: the most expensive queries that the query language allows.

A query is composed of parts, at most one of each kind: a filter, an `or`, words of `q`, an order, a
page, includes. Each part is requested alone first. Then the search climbs: starting from the most
expensive one, it adds, kind by kind, whichever part makes the query most expensive, until none
does. The CPU of the server's processes and of the database count together. In the end twelve
clients repeat the most expensive query of each path, while others send ordinary requests.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

from .databases import Database, PostgreSQL, SQLite, open_postgresql_server
from .load import send
from .processes import read_cpu_us, read_memory_mb, reset_peak
from .servers import Server, open_server

USERS = 10_000
CLIENTS = 12
BESIDE_S = 15.0
TIMEOUT_S = 120.0
"""Seconds that an answer may take: more than any limit of the server."""

ORDINARY = ("/players/77", "/teams/5?include=players", "/players/?limit=20&count=none", "/users/9")

_WILD = "%" + "%".join("abcdefghijklmnopqrstuvwxyz"[:20]) + "%"
_WORDS = " ".join(f"w{i}" for i in range(20))


def _any_of(name: str, pattern: str) -> str:
    return "(" + ",".join(f'{name}:"{pattern}{i}%"' for i in range(50)) + ")"


PARTS: Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "/players/": {
        "filter": {
            "a pattern of 20 wildcards": {"name__ilike": _WILD},
            "a part of a text": {"name__icontains": "zzz"},
            "through 1 relation": {"team.name__icontains": "zzz"},
            "through 2 relations": {"team.players.name__icontains": "zzz"},
            "through 3 relations": {"team.players.team.name__icontains": "zzz"},
        },
        "or": {
            "`or` of 50 patterns": {"or": _any_of("name__ilike", "%a%b%c%")},
            "`or` of 50 through 1 relation": {"or": _any_of("team.name__ilike", "%a%b%c%")},
            "`or` of 50 through 2 relations": {"or": _any_of("team.players.name__ilike", "%a%b%")},
        },
        "q": {"`q` of 20 words": {"q": _WORDS}, "`q` of one word": {"q": "player"}},
        "sort": {
            "sorted without an index": {"sort": "-name"},
            "sorted by 2 columns": {"sort": "position,-name"},
            "sorted by a relation": {"sort": "team.city"},
        },
        "page": {
            "a page of 100": {"limit": "100"},
            "after 199,000 rows": {"skip": "199000", "limit": "100"},
            "a keyset": {"cursor": "", "limit": "100"},
        },
        "include": {"with its team": {"include": "team"}},
    },
    "/teams/": {
        "filter": {
            "a pattern of 20 wildcards": {"name__ilike": _WILD},
            "through 1 relation": {"players.name__icontains": "zzz"},
            "through 2 relations": {"players.team.name__icontains": "zzz"},
        },
        "or": {"`or` of 50 through 1 relation": {"or": _any_of("players.name__ilike", "%a%b%")}},
        "q": {"`q` of 20 words": {"q": _WORDS}},
        "sort": {"sorted without an index": {"sort": "city"}},
        "page": {"after 9,500 rows": {"skip": "9500"}, "a page of 100": {"limit": "100"}},
        "include": {"with its players": {"include": "players"}},
    },
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of one request.

    Args:
        query: The query, in words.
        target: Its path and query string.
        status: The answer's status.
        cpu_ms: CPU of the server and the database.
        taken_ms: Time until the answer was complete.
        memory_mb: Growth of the server's memory at its peak.
    """

    query: str
    target: str
    status: int
    cpu_ms: float
    taken_ms: float
    memory_mb: float

    def __str__(self) -> str:
        return (
            f"| `{self.query}` | {self.status} | {self.cpu_ms:,.0f} ms | {self.taken_ms:,.0f} ms "
            f"| {self.memory_mb:.0f} MB |".replace("``", "`")
        )


class Asker:
    """Client of a server that measures the cost of queries.

    Args:
        server: The server.
        database: Its database.
    """

    def __init__(self, server: Server, database: Database) -> None:
        self._server = server
        self._database = database

    def ask(self, path: str, chosen: Sequence[tuple[str, Mapping[str, str]]]) -> Cost:
        """Send a query composed of some parts, once; twice where it has not been slow.

        Args:
            path: The path.
            chosen: The parts, each with its name.
        """
        pairs = [(name, value) for _, part in chosen for name, value in part.items()]
        target = f"{path}?" + "&".join(f"{name}={quote(value)}" for name, value in pairs)
        query = ", ".join([path, *(name for name, _ in chosen)])
        cost = self._ask(query, target)
        return cost if cost.taken_ms > 1000 else self._ask(query, target)

    def _ask(self, query: str, target: str) -> Cost:
        reset_peak(self._server.pid)
        memory_mb, cpu_us, begun = self._memory_mb(), self._cpu_us(), time.perf_counter()
        connection = HTTPConnection("127.0.0.1", self._server.port, timeout=TIMEOUT_S)
        status, _ = send(connection, "GET", target)
        connection.close()
        taken_ms = (time.perf_counter() - begun) * 1000
        peak_mb = read_memory_mb(self._server.pid, peak=True)
        cpu_ms = (self._cpu_us() - cpu_us) / 1000
        return Cost(query, target, status, cpu_ms, taken_ms, max(0.0, peak_mb - memory_mb))

    def _memory_mb(self) -> float:
        return read_memory_mb(self._server.pid)

    def _cpu_us(self) -> float:
        return read_cpu_us(self._server.pid) + (self._database.read_cpu_us() or 0.0)


Part = tuple[str, Mapping[str, str]]


def climb(asker: Asker, path: str, first: tuple[str, Part]) -> Cost:
    """Find a query of a path that becomes no more expensive by replacing any of its parts.

    Args:
        asker: The client.
        path: The path.
        first: The part that it begins with, and its kind.

    Returns:
        The cost of the query.
    """
    chosen: dict[str, Part] = dict([first])
    dearest = asker.ask(path, list(chosen.values()))
    has_risen = True
    while has_risen:
        has_risen = False
        for kind, parts in PARTS[path].items():
            for part in parts.items():
                if chosen.get(kind) == part:
                    continue
                tried = {**chosen, kind: part}
                cost = asker.ask(path, list(tried.values()))
                # A tenth more may be chance.
                if cost.status != 422 and cost.cpu_ms > dearest.cpu_ms * 1.1:
                    chosen, dearest, has_risen = tried, cost, True
    return dearest


def measure_beside(
    server: Server, dearest: Sequence[Cost], clients: int
) -> tuple[list[float], Counter[int], Counter[int]]:
    """Send ordinary requests while other clients send the most expensive ones.

    Args:
        server: The server.
        dearest: The requests that the others send in turn.
        clients: The number of those clients.

    Returns:
        The sorted times of the ordinary requests in milliseconds, their statuses, and those of
        the others.
    """
    end, others = time.monotonic() + BESIDE_S, Counter[int]()

    def ask(first: int) -> None:
        for number in range(first, sys.maxsize):
            if time.monotonic() > end:
                return
            connection = HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
            status, _ = send(connection, "GET", dearest[number % len(dearest)].target)
            connection.close()
            others[status] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    taken_ms, statuses = _ask_ordinary(server, end)
    for thread in threads:
        thread.join()
    return taken_ms, statuses, others


def _ask_ordinary(server: Server, end: float) -> tuple[list[float], Counter[int]]:
    taken_ms, statuses = [], Counter[int]()
    connection = HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
    for target in cycle(ORDINARY):
        begun = time.monotonic()
        if begun > end:
            break
        status, _ = send(connection, "GET", target)
        statuses[status] += 1
        taken_ms.append((time.monotonic() - begun) * 1000)
        time.sleep(0.005)
    connection.close()
    return sorted(taken_ms), statuses


def main() -> None:
    """Measure both databases, and print tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dearest", description=__doc__)
    parser.add_argument("--database", action="append", choices=["sqlite", "postgresql"])
    for kind in parser.parse_args().database or ("sqlite", "postgresql"):
        with _open_database(kind) as database, open_server("modelwire", database.url) as server:
            _write(f"\n{database.version}\n")
            _search(Asker(server, database), server)


@contextmanager
def _open_database(kind: str) -> Iterator[Database]:
    with ExitStack() as stack:
        if kind == "sqlite":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yield SQLite(folder / "users.db", USERS)
        else:
            yield PostgreSQL(stack.enter_context(open_postgresql_server()), USERS)


def _search(asker: Asker, server: Server) -> None:
    _write("| query | status | CPU | time | memory |\n|---|---|---|---|---|")
    firsts = {path: _ask_alone(asker, path) for path in PARTS}
    dearest = [climb(asker, path, first) for path, first in firsts.items()]
    for cost in dearest:
        _write(f"dearest: {cost}")
    for clients in (0, CLIENTS):
        taken_ms, statuses, others = measure_beside(server, dearest, clients)
        p99_ms = taken_ms[int(len(taken_ms) * 0.99)]
        _write(
            f"beside {clients} clients: p50 {taken_ms[len(taken_ms) // 2]:.0f} ms, p99 "
            f"{p99_ms:.0f} ms of {len(taken_ms)}, {dict(statuses)}; they got {dict(others)}"
        )


def _ask_alone(asker: Asker, path: str) -> tuple[str, Part]:
    """Request each part of a path alone; return the most expensive, and its kind."""
    found: list[tuple[float, str, Part]] = []
    for kind, parts in PARTS[path].items():
        for part in parts.items():
            cost = asker.ask(path, [part])
            found.append((cost.cpu_ms, kind, part))
            _write(str(cost))
    _, kind, part = max(found, key=lambda each: each[0])
    return kind, part


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
