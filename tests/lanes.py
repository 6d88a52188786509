"""Choice of the lane for tests that need not run on both, and of the database for a quick run.

Most behaviour is the same on both lanes, since the stages above the lane don't know of it. So of
the cases that differ in their lane alone one is run. A module's tests run on one lane on SQLite and
on the other one on PostgreSQL, so that few applications have to be made; a hash of the module's
name says which. Over the suite both lanes are covered alike on each database, and one case is on
the same lane each time.

What the lanes do each in their own way is tested on both: transactions, savepoints, what is tried
again, how refusals are explained. Where such tests are is listed here; modules and tests elsewhere
say so by the mark `both_lanes`. With MODELWIRE_TEST_THOROUGH everything runs on both.

Databases do most things each in their own way, so every case runs on both before a change is
committed. While one works on it, one of the two is enough, which a hash of its name chooses.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from zlib import crc32

import pytest

from tests.examples import THOROUGH

DIALECTS = ("sqlite", "postgresql")
LANES = ("direct", "session")

ON_BOTH = (
    *("commits", "faults", "live", "sessions", "writes"),
    *(f"constraints/test_{name}.py" for name in ("many_rows", "own_code", "undeclared")),
)
"""Directories and modules whose tests run on both lanes."""

_TESTS = Path(__file__).parent


def on_other_lane(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The cases that are not run: of those that differ in their lane alone, all but one."""
    return _all_but_one(items, _without_lane, _lane_of_module)


def on_other_database(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The cases that a quick run leaves out: of those that differ in their database alone, and
    perhaps in the lane that was chosen for it, all but one."""
    return _all_but_one(items, _without_database, lambda name, _: crc32(name.encode()))


Name = Callable[[pytest.Function], str | None]
"""Name that a case shares with those of which one is enough; None if it has to run."""

Choose = Callable[[str, pytest.Function], int]
"""Number of the case to run, given the name and the first case; the rest by the number of cases
counts."""


def _all_but_one(items: Iterable[pytest.Item], name_of: Name, choose: Choose) -> list[pytest.Item]:
    """Of the cases that share a name, all but one."""
    alike: defaultdict[str, list[pytest.Function]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            name = name_of(item)
            if name is not None:
                alike[name].append(item)
    return [
        item
        for name, group in alike.items()
        if len(group) <= 2
        for item in group
        if item is not group[choose(name, group[0]) % len(group)]
    ]


def _lane_of_module(_name: str, item: pytest.Function) -> int:
    return _lane_for(item.path, _database_of(item))


def _lane_for(module: Path, database: str | None) -> int:
    turn = 0 if database is None else DIALECTS.index(database)
    return (crc32(module.name.encode()) + turn) % len(LANES)


def lanes_for(module: str, database: str) -> Sequence[str]:
    """The lanes of a module's cases that go through lanes by themselves.

    Args:
        module: The path of the module.
        database: The dialect of the case's database.
    """
    return LANES if THOROUGH else [LANES[_lane_for(Path(module), database)]]


def _without_lane(item: pytest.Function) -> str | None:
    lane = _lane_of(item)
    return None if lane is None else _without(lane, item.nodeid)


def _without_database(item: pytest.Function) -> str | None:
    database = _database_of(item)
    return None if database is None else _without(database, _without_lane(item) or item.nodeid)


def _lane_of(item: pytest.Function) -> str | None:
    """The lane of a case that need not run on both."""
    lane = item.callspec.params.get("lane")
    on_both = item.get_closest_marker("both_lanes") is not None or _is_listed(item.path)
    return str(lane) if lane in LANES and not on_both else None


def _database_of(item: pytest.Function) -> str | None:
    """The database of a case, whichever parameter has it."""
    values = item.callspec.params.values()
    return next((it for it in values if isinstance(it, str) and it in DIALECTS), None)


@cache
def _is_listed(path: Path) -> bool:
    return any(path.is_relative_to(_TESTS / listed) for listed in ON_BOTH)


def _without(value: str, name: str) -> str:
    start, _, case = name.partition("[")
    return f"{start}[{case.replace(value, '', 1)}"
