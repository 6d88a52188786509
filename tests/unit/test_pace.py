"""The number of changes that a stream reads at a time: more while there are many small ones."""

import pytest

from modelwire.pipeline.changes import FEWEST, LITTLE, MOST, MUCH, choose_pace

USUAL = 100


@pytest.mark.parametrize(
    ("size", "is_behind", "limit"),
    [
        (LITTLE - 1, True, MOST),
        (LITTLE - 1, False, USUAL),
        (LITTLE, True, USUAL),
        (MUCH, True, USUAL),
        (MUCH + 1, True, FEWEST),
        (MUCH + 1, False, FEWEST),
    ],
)
def test_pace(size: int, limit: int, *, is_behind: bool) -> None:
    """It comes to a limit, step by step, and stays there."""
    found = USUAL
    for _ in range(20):
        found = choose_pace(found, size, usual=USUAL, is_behind=is_behind)
    assert found == limit


def test_pace_of_who_has_caught_up() -> None:
    """After catching up, as few changes are read as at first: the next may be large."""
    assert choose_pace(MOST, LITTLE - 1, usual=USUAL, is_behind=False) == USUAL
    assert choose_pace(FEWEST, 0, usual=USUAL, is_behind=False) == FEWEST
