"""Choice of the lane for tests that need not run on both.

Most behaviour is the same on both lanes, since the stages above the lane don't know of it. So of
the cases that differ in their lane alone one is run, and a hash of the test's id says which: over
the suite both lanes are covered alike, and one case is on the same lane each time.

What the lanes do each in their own way is tested on both: transactions, savepoints, what is tried
again, how refusals are explained. Where such tests are is listed here; modules and tests elsewhere
say so by the mark `both_lanes`. With MODELWIRE_TEST_THOROUGH everything runs on both.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from zlib import crc32

import pytest

LANES = ("direct", "session")

ON_BOTH = (
    *("commits", "faults", "live", "sessions", "writes"),
    *(f"constraints/test_{name}.py" for name in ("many_rows", "own_code", "undeclared")),
)
"""Directories and modules whose tests run on both lanes."""

_TESTS = Path(__file__).parent


def left_out(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The cases that are not run: of those that differ in their lane alone, all but one."""
    alike: defaultdict[str, list[pytest.Function]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and _runs_on_one(item):
            alike[_without_lane(item)].append(item)
    return [
        item
        for group in alike.values()
        if len(group) <= len(LANES)
        for item in group
        if item is not _chosen(group)
    ]


def _runs_on_one(item: pytest.Function) -> bool:
    has_lane = hasattr(item, "callspec") and item.callspec.params.get("lane") in LANES
    on_both = item.get_closest_marker("both_lanes") is not None
    return has_lane and not on_both and not _is_listed(item.path)


@cache
def _is_listed(path: Path) -> bool:
    return any(path.is_relative_to(_TESTS / listed) for listed in ON_BOTH)


def _without_lane(item: pytest.Function) -> str:
    name, _, case = item.nodeid.partition("[")
    return f"{name}[{case.replace(str(item.callspec.params['lane']), '', 1)}"


def _chosen(group: Sequence[pytest.Function]) -> pytest.Function:
    return group[crc32(group[0].nodeid.encode()) % len(group)]
