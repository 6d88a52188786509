"""Databases with unique keys of every kind, and a client of them on both lanes."""

import httpx2
import pytest
import pytest_asyncio

from modelwire import Database
from tests.conftest import empty_tables
from tests.http.keyed import RESOURCES, Base
from tests.worlds import World, make_world_fixture, on_lanes

keyed_world = make_world_fixture("keyed", Base.metadata, on_lanes(RESOURCES))


@pytest_asyncio.fixture
async def keyed(keyed_world: World) -> Database:
    """A database with the tables of `keyed`, which are empty; the test runs once on each kind."""
    await empty_tables(keyed_world.database)
    return keyed_world.database


@pytest.fixture
def gadgets(keyed: Database, keyed_world: World, lane: str) -> httpx2.AsyncClient:
    """A client of the tables of `keyed`, on both databases and both lanes."""
    return keyed_world.clients[lane]
