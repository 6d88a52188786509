"""How many changes a stream looks at at a time: more while there are many that are small."""

import pytest

from modelwire.catalog.read import read_catalog
from modelwire.pipeline.changes import FEWEST, LITTLE, MOST, MUCH, choose_pace
from modelwire.plan.reading.following import DEFAULT_LIMIT, plan_follow
from tests.live_changes.tables import TASKS


@pytest.mark.parametrize(
    ("size", "is_behind", "limit"),
    [
        (LITTLE - 1, True, MOST),
        (LITTLE - 1, False, DEFAULT_LIMIT),
        (LITTLE, True, DEFAULT_LIMIT),
        (MUCH, True, DEFAULT_LIMIT),
        (MUCH + 1, True, FEWEST),
        (MUCH + 1, False, FEWEST),
    ],
)
def test_pace(size: int, limit: int, *, is_behind: bool) -> None:
    """It comes to a limit, step by step, and stays there."""
    catalog = read_catalog([TASKS])
    plan = plan_follow(catalog, catalog.tables["followed_tasks"], [], None)
    for _ in range(20):
        plan = choose_pace(plan, size, is_behind=is_behind)
    assert plan.limit == limit
