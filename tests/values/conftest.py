"""Both databases with the tables of these tests, and a client of them on each lane."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest
import pytest_asyncio

from tests.conftest import empty_tables
from tests.worlds import World, make_world_fixture, on_lanes

from .tables import RESOURCES, Base

world = make_world_fixture("values", Base.metadata, on_lanes(RESOURCES))

RunSQL = Callable[..., Awaitable[None]]
"""Runs SQL past the service: one text, or one for each kind of database."""


@pytest_asyncio.fixture
async def client(world: World, lane: str) -> httpx2.AsyncClient:
    """A client on either lane, of empty tables."""
    await empty_tables(world.database)
    return world.clients[lane]


@pytest.fixture
def run_sql(world: World) -> RunSQL:
    """Run SQL past the service."""

    async def run(*texts: str, **by_dialect: str) -> None:
        async with world.database.engine.begin() as connection:
            for text in (*texts, *filter(None, [by_dialect.get(world.dialect)])):
                await connection.exec_driver_sql(text)

    return run
