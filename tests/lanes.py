"""Which lane a test runs on, where it need not run on both.

Most behaviour is the same on both lanes, since the stages above the lane don't know of it. So of
the cases that differ in their lane alone one is run, and a hash of the test's id says which: over
the suite both lanes are covered alike, and one case is on the same lane each time.

What the lanes do each in their own way is tested on both: transactions, savepoints, what is tried
again, how refusals are explained. Directories of such tests are listed here; modules and tests
elsewhere say so by the mark `both_lanes`. With MODELWIRE_TEST_THOROUGH everything runs on both.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from zlib import crc32

import pytest

LANES = ("direct", "session")

ON_BOTH = ("commits", "constraints", "faults", "live", "sessions", "writes")
"""Directories whose tests run on both lanes."""


def left_out(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The cases that are not run: of those that differ in their lane alone, all but one."""
    alike: defaultdict[Hashable, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and _runs_on_one(item):
            alike[_without_lane(item)].append(item)
    return [item for group in alike.values() for item in group if item is not _chosen(group)]


def _runs_on_one(item: pytest.Function) -> bool:
    on_both = item.nodeid.split("/")[1] in ON_BOTH or item.get_closest_marker("both_lanes")
    return not on_both and hasattr(item, "callspec") and item.callspec.params.get("lane") in LANES


def _without_lane(item: pytest.Function) -> Hashable:
    others = (pair for pair in item.callspec.indices.items() if pair[0] != "lane")
    return item.nodeid.partition("[")[0], frozenset(others)


def _chosen(group: list[pytest.Item]) -> pytest.Item:
    return group[crc32(group[0].nodeid.encode()) % len(group)]
