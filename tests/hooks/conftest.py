"""One database of each kind for the tests of hooks, on both lanes."""

from collections.abc import Iterator

import httpx2
import pytest

from modelwire import Database
from tests.conftest import empty_tables
from tests.hooks.tables import RESOURCES, SCRIPT, Base, Script
from tests.worlds import World, make_world_fixture, on_lanes

hooked_world = make_world_fixture("hooks", Base.metadata, on_lanes(RESOURCES))


@pytest.fixture
async def database(hooked_world: World) -> Database:
    """The database, with empty tables."""
    await empty_tables(hooked_world.database)
    return hooked_world.database


@pytest.fixture
def client(hooked_world: World, database: Database, lane: str) -> httpx2.AsyncClient:
    """A client of the tables with hooks."""
    return hooked_world.clients[lane]


@pytest.fixture
def script() -> Iterator[Script]:
    """The script of the hooks in a test, and the record of their calls."""
    SCRIPT.calls.clear()
    SCRIPT.acts.clear()
    yield SCRIPT
    SCRIPT.calls.clear()
    SCRIPT.acts.clear()
