"""The lane of a part of a transaction, which leaves the transaction to its owner."""

from typing import Any

import pytest

from modelwire.execute.connect.part_lane import PartLane


class Lane:
    """A lane that says what it is asked for."""

    def __init__(self) -> None:
        self.caller = "first"
        self.events: list[str] = []

    async def fetch(self, *_: object) -> list[Any]:
        self.events.append("fetch")
        return [1]

    async def search(self, *_: object) -> list[Any]:
        self.events.append("search")
        return [2]

    def savepoint(self, *, checks: bool) -> Any:
        self.events.append(f"savepoint {checks}")
        return self


@pytest.mark.parametrize("composed", [None, False, True])
async def test_a_part(composed: bool | None) -> None:
    """Only statements that clients have composed are limited like such; nothing is ended."""
    whole: Any = Lane()
    part: Any = PartLane(whole) if composed is None else PartLane(whole, composed=composed)
    assert await part.fetch(None, {}) == ([2] if composed else [1])
    assert await part.search(None, {}) == [2]
    for checks in (False, True):
        assert part.savepoint(checks=checks) is whole
    part.savepoint()
    for end in (part.commit, part.restart, part.roll_back):
        await end()
    limited = "search" if composed else "fetch"
    ends = ["savepoint False", "savepoint True", "savepoint False"]
    assert whole.events == [limited, "search", *ends]
    assert part.caller == "first"
    part.caller = "second"
    assert whole.caller == "second"
