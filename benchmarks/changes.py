"""`python -m benchmarks.changes`: the cost of keeping changes.

Two servers do the same work in short turns, each round in another order: one whose table has a
change log, and one without. The CPU of the server processes per request is compared round by round,
and that of the database over all rounds. The servers are restarted several times; the median of all
starts counts. The command fails when one is over its limit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from statistics import median

from .clients import Call
from .databases import Database
from .servers import open_server
from .turns import (
    TURN,
    Ratios,
    Runner,
    compare_databases,
    compare_servers,
    report_ratios,
    take_turns,
)

VARIANTS = {"no_policies": "items", "changes": "kept_items"}
"""The servers, with the tables that they write to."""

_ROWS = json.dumps([{"organisation_id": 1, "name": f"item {n}"} for n in range(1000)])

CALLS: Mapping[str, Call] = {
    "create": Call("POST", "/items/", '{"organisation_id": 1, "name": "item {n}"}'),
    "patch": Call("PATCH", "/items/{n}", '{"name": "changed {n}"}'),
    "bulk_1000": Call("POST", "/items/bulk/", _ROWS),
}

LIMITS: Mapping[str, float] = {"create": 1.3}
"""Maximum CPU on PostgreSQL, in multiples of that of the server without a log.

On SQLite, the work of the database is part of that CPU.
"""

DATABASE_LIMITS: Mapping[str, float] = {"create": 1.5, "bulk_1000": 1.6}
"""The same for the CPU of the database, which writes a second row with three indexes for each.

It is more so far.
"""


def main() -> None:
    """Measure, print a table, and fail if a limit is exceeded."""
    compare_servers("changes", __doc__, list(CALLS), (3, 10), _measure, _report)


def _measure(database: Database, work: str, rounds: int) -> Ratios:
    with ExitStack() as stack:
        runners: dict[str, Runner] = {}
        for name, table in VARIANTS.items():
            server = stack.enter_context(open_server(name, database.url))
            if work == "patch":
                Runner(server, _at(CALLS["bulk_1000"], table), turn=1).take_turn()
            turn = 1 if work == "bulk_1000" else TURN
            runners[name] = Runner(server, _at(CALLS[work], table), turn)
        turns = take_turns(runners, rounds)
        ratio = median(turn["changes"] / turn["no_policies"] for turn in turns)
        return ratio, compare_databases(database, runners, rounds)


def _at(call: Call, table: str) -> Call:
    return replace(call, path=call.path.replace("/items/", f"/{table}/"))


def _report(kind: str, work: str, starts: Sequence[Ratios]) -> bool:
    """Print the cost of one work; return whether it is within the limits."""
    limit = LIMITS.get(work) if kind == "postgresql" else None
    place = f"{kind:<11}{work:<10}"
    return report_ratios(place, starts, "without a log", (limit, DATABASE_LIMITS.get(work)))


if __name__ == "__main__":
    main()
