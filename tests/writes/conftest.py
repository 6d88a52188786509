"""Both databases with the tables of these tests, and a client of them on each lane."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests import worlds

from .tables import RESOURCES, Base


@dataclass(frozen=True)
class World(worlds.World):
    """A database with its clients, and a tally of what was answered."""

    tally: Counter[tuple[str, str]] = field(default_factory=Counter)


tables = worlds.make_world_fixture("writes", Base.metadata, worlds.on_lanes(RESOURCES), kind=World)


@pytest.fixture(scope="package")
def world(tables: World) -> Iterator[World]:
    """One kind of database with every table; the test runs once on each."""
    yield tables
    if tables.tally:
        check_tally(tables.tally)


def check_tally(tally: Counter[tuple[str, str]]) -> None:
    """Check that no kind of step was refused each time, and how many of them were."""
    print(*sorted(tally.items()), sep="\n")  # noqa: T201 - shown by `pytest -s`, or on failure
    if tally.total() > 2000:
        kinds = {kind for kind, _ in tally}
        assert kinds == {kind for kind, code in tally if code == "done"}
    done = sum(count for (_, code), count in tally.items() if code == "done")
    assert 0.3 < done / tally.total() < 0.9
