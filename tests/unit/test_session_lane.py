"""Slots that reads in the transaction of an overridden session take."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modelwire.execute.connect.lane import SessionLane


class Slots:
    """Slots that count how often one is claimed."""

    def __init__(self) -> None:
        self.claimed = 0

    @contextmanager
    def claim(self) -> Iterator[str]:
        self.claimed += 1
        yield "claimed"


class Lane(SessionLane):
    """Lane that tells by which claim a statement is run."""

    async def _read(self, _statement: object, _values: object, claim: Any) -> Any:
        return claim

    async def _run(self, _statement: object, _values: object) -> Any:
        return "none"


@pytest.mark.parametrize(
    ("claim", "how", "by", "claimed"),
    [
        (None, "fetch", "none", 0),
        (None, "search", "claimed", 1),
        ("given", "fetch", "given", 0),
        ("given", "search", "given", 0),
    ],
)
async def test_claims(claim: Any, how: str, by: str, claimed: int) -> None:
    """A statement that a client has composed takes a slot, unless its lane has one."""
    slots: Any = Slots()
    anything: Any = None
    lane = Lane(anything, anything, slots, claim)
    assert await getattr(lane, how)(anything, {}) == by
    assert slots.claimed == claimed
