"""One database of each kind whose changes are kept, on both lanes."""

import httpx2
import pytest

from modelwire import Database
from tests.changes.exact import clear_log
from tests.changes.tables import RESOURCES, Base, add_own_endpoints
from tests.conftest import empty_tables
from tests.worlds import World, make_world_fixture, on_lanes

kept_world = make_world_fixture(
    "kept", Base.metadata, on_lanes(RESOURCES, add_own_endpoints), keeps_log=True
)


@pytest.fixture
async def database(kept_world: World) -> Database:
    """The database, with empty tables and an empty log."""
    await empty_tables(kept_world.database)
    await clear_log(kept_world.database)
    return kept_world.database


@pytest.fixture
def client(kept_world: World, database: Database, lane: str) -> httpx2.AsyncClient:
    """A client of the tables."""
    return kept_world.clients[lane]
