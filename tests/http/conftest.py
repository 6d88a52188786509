"""Databases with unique keys of every kind, and a client of them on both lanes."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from modelwire import Database
from tests.conftest import create_postgres_database, empty_tables, make_app, open_client
from tests.http.keyed import RESOURCES, Base

_APPS: dict[tuple[str, str], FastAPI] = {}


@pytest_asyncio.fixture(scope="session")
async def keyed_databases(
    postgres_server: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Database]]:
    """One database of each kind, with the tables of `keyed`."""
    name = f"modelwire_keyed_{worker_id}"
    urls = {
        "sqlite": f"sqlite:///{tmp_path_factory.mktemp('keyed')}/keyed.db",
        "postgresql": await create_postgres_database(postgres_server, name),
    }
    made = {dialect: Database(url, metadata=Base.metadata) for dialect, url in urls.items()}
    for database in made.values():
        await database.init_db()
    yield made
    for database in made.values():
        await database.close_db()


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def keyed(request: pytest.FixtureRequest, keyed_databases: dict[str, Database]) -> Database:
    """A database with empty tables; the test runs once on each kind."""
    database = keyed_databases[request.param]
    await empty_tables(database)
    return database


@pytest_asyncio.fixture
async def gadgets(keyed: Database, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the tables of `keyed`, on both databases and both lanes."""
    key = (keyed.dialect, lane)
    if key not in _APPS:
        _APPS[key] = make_app(keyed, lane, RESOURCES, {})
    async with open_client(_APPS[key]) as client:
        yield client
