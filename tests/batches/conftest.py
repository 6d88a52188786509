"""Both databases with the tables that the tests of writes have, and a client on each lane."""

from collections.abc import Iterator

import pytest

from tests import worlds
from tests.writes.conftest import World, check_tally
from tests.writes.tables import RESOURCES, Base

tables = worlds.make_world_fixture("batches", Base.metadata, worlds.on_lanes(RESOURCES), kind=World)


@pytest.fixture(scope="package")
def world(tables: World) -> Iterator[World]:
    """One kind of database with every table; the test runs once on each."""
    yield tables
    if tables.tally:
        check_tally(tables.tally)
