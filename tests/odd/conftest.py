"""Both databases with the odd tables and their rows, and a client of them on each lane."""

import httpx2
import pytest
import pytest_asyncio

from tests.worlds import World, make_world_fixture, on_lanes

from .rows import ROWS
from .tables import RESOURCES, Base

tables = make_world_fixture("odd", Base.metadata, on_lanes(RESOURCES))


@pytest_asyncio.fixture(scope="package")
async def world(tables: World) -> World:
    """One kind of database with the rows, which no test changes."""
    async with tables.database.session() as session:
        for rows in ROWS:
            session.add_all([type(row)(**row.model_dump()) for row in rows])
            await session.flush()
        await session.commit()
    return tables


@pytest.fixture
def client(world: World, lane: str) -> httpx2.AsyncClient:
    """A client on either lane."""
    return world.clients[lane]
