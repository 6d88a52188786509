"""Both databases with the tables of these tests, and a client of them on each lane."""

import httpx2
import pytest
import pytest_asyncio

from tests.conftest import empty_tables
from tests.worlds import World, make_world_fixture, on_lanes

from .base import Base
from .tables import RESOURCES
from .ways import add_counts

tables = make_world_fixture("constraints", Base.metadata, on_lanes(RESOURCES, add_counts))


@pytest_asyncio.fixture
async def world(tables: World) -> World:
    """The same with empty tables."""
    async with tables.database.engine.begin() as connection:
        # A trigger keeps some rows from being deleted.
        await connection.exec_driver_sql("UPDATE guarded SET name = 'x'")
    await empty_tables(tables.database)
    return tables


@pytest.fixture
def client(world: World, lane: str) -> httpx2.AsyncClient:
    """A client on either lane."""
    return world.clients[lane]
