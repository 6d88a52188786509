"""`python -m benchmarks.policies`: the cost of a caller and a policy.

Two servers do the same work in short turns, each round in another order: one whose callers see the
rows of their organisation, and one without callers. All rows belong to one organisation, so that
both read and write the same. The CPU of the server processes per request is compared round by
round, and that of the database over all rounds. The servers are restarted several times; the median
of all starts counts. The command fails when one is over its limit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from http.client import HTTPConnection
from statistics import median

from .clients import Call
from .databases import Database
from .servers import Server, open_server
from .turns import (
    USERS,
    Ratios,
    Runner,
    compare_databases,
    compare_servers,
    report_ratios,
    take_turns,
)

VARIANTS = ("no_policies", "policies")
CALLS: Mapping[str, Call] = {
    "get": Call("GET", "/items/{n}"),
    "page_100": Call("GET", "/items/?skip=200&limit=100&count=none"),
    "counted": Call("GET", "/items/?skip=200&limit=100"),
    "create": Call("POST", "/items/", '{"organisation_id": 1, "name": "item {n}"}'),
}
FILTERED = {
    name: replace(call, path=f"{call.path}&organisation_id=1") if "?" in call.path else call
    for name, call in CALLS.items()
}
"""The same requests with an explicit filter by the organisation."""

LIMITS = {"get": 1.25, "page_100": 1.1, "create": 1.3}
"""Maximum CPU on PostgreSQL, in multiples of that of the server without policies.

On SQLite, the work of the database is part of that CPU, and a total that counts rows by a condition
costs several times a `count(*)`.
"""

DATABASE_LIMIT = 1.15
"""The same for the CPU of the database, which is asked for the same rows without policies."""


def main() -> None:
    """Measure, print a table, and fail if a limit is exceeded."""
    compare_servers("policies", __doc__, list(CALLS), (5, 20), _measure, _report)


def _measure(database: Database, work: str, rounds: int) -> Ratios:
    with ExitStack() as stack:
        servers = {n: stack.enter_context(open_server(n, database.url)) for n in VARIANTS}
        _seed(servers["no_policies"])
        if database.kind == "postgresql":
            database.fetch("VACUUM ANALYZE items")
        runners = {name: Runner(server, CALLS[work]) for name, server in servers.items()}
        turns = take_turns(runners, rounds)
        server = median(turn["policies"] / turn["no_policies"] for turn in turns)
        runners["no_policies"] = Runner(servers["no_policies"], FILTERED[work])
        return server, compare_databases(database, runners, rounds)


def _seed(server: Server) -> None:
    """Store rows, up to `USERS`."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/items/?limit=1")
    stored = json.loads(connection.getresponse().read())["total"]
    for _ in range(stored, USERS, 1000):
        rows = [{"organisation_id": 1, "name": f"item {n}"} for n in range(1000)]
        connection.request(
            "POST", "/items/bulk/", json.dumps(rows), {"content-type": "application/json"}
        )
        connection.getresponse().read()


def _report(kind: str, work: str, starts: Sequence[Ratios]) -> bool:
    """Print the cost of one work; return whether it is within the limits."""
    limit = LIMITS.get(work) if kind == "postgresql" else None
    place = f"{kind:<11}{work:<9}"
    return report_ratios(place, starts, "without policies", (limit, DATABASE_LIMIT))


if __name__ == "__main__":
    main()
