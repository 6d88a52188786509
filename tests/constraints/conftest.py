"""Both databases with the tables of these tests, and a client of them on each lane."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx2
import pytest
import pytest_asyncio

from modelwire import Database
from tests.conftest import (
    DIALECTS,
    LANES,
    create_postgres_database,
    empty_tables,
    make_app,
    open_client,
)

from .base import Base
from .tables import RESOURCES


@dataclass(frozen=True)
class World:
    """One database, and a client of its resources on each lane."""

    database: Database
    clients: dict[str, httpx2.AsyncClient]

    @property
    def dialect(self) -> str:
        return self.database.dialect


@pytest_asyncio.fixture(scope="package", params=DIALECTS)
async def tables(
    request: pytest.FixtureRequest, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """One kind of database with every table; the test runs once on each."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = await create_postgres_database(server, f"modelwire_constraints_{worker_id}")
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('constraints')}/constraints.db"
    database = Database(url, metadata=Base.metadata)
    await database.init_db()
    async with AsyncExitStack() as stack:
        clients = {
            lane: await stack.enter_async_context(
                open_client(make_app(database, lane, RESOURCES, {}))
            )
            for lane in LANES
        }
        yield World(database, clients)
    await database.close_db()


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
