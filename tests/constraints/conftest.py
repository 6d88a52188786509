"""Both databases with the tables of these tests, and a client of them on each lane."""

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from modelwire import Database
from tests.conftest import empty_tables
from tests.worlds import World, make_world_fixture, on_lanes

from .base import Base
from .tables import RESOURCES
from .ways import add_counts


def make_apps(database: Database) -> dict[str, FastAPI]:
    """Make an application on each lane, which also tells how many rows there are."""
    made = on_lanes(RESOURCES)(database)
    for app in made.values():
        add_counts(app, database)
    return made


tables = make_world_fixture("constraints", Base.metadata, make_apps)


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
