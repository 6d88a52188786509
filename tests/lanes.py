"""Choice of the lane for tests that need not run on both, and of the database for a quick run.

Most behaviour is the same on both lanes, since the stages above the lane don't know of it. So of
the cases that differ in their lane alone one is run, and a hash of the test's id says which: over
the suite both lanes are covered alike, and one case is on the same lane each time.

What the lanes do each in their own way is tested on both: transactions, savepoints, what is tried
again, how refusals are explained. Where such tests are is listed here; modules and tests elsewhere
say so by the mark `both_lanes`. With MODELWIRE_TEST_THOROUGH everything runs on both.

Databases do most things each in their own way, so every case runs on both before a change is
committed. While one works on it, one of the two is enough, chosen in the same manner.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from zlib import crc32

import pytest

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
    return _all_but_one(items, _lane_of)


def on_other_database(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The cases that a quick run leaves out: of those that differ in their database alone, all but
    one."""
    return _all_but_one(items, _database_of)


def _all_but_one(
    items: Iterable[pytest.Item], value_of: Callable[[pytest.Function], str | None]
) -> list[pytest.Item]:
    """Of the cases that differ in one parameter's value alone, all but one."""
    alike: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            value = value_of(item)
            if value is not None:
                alike[_without(value, item)].append(item)
    return [
        item
        for group in alike.values()
        if len(group) <= 2
        for item in group
        if item is not _chosen(group)
    ]


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


def _without(value: str, item: pytest.Item) -> str:
    name, _, case = item.nodeid.partition("[")
    return f"{name}[{case.replace(value, '', 1)}"


def _chosen(group: Sequence[pytest.Item]) -> pytest.Item:
    return group[crc32(group[0].nodeid.encode()) % len(group)]
