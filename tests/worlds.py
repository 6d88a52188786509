"""Databases with tables of their own, which the tests of one package share."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import MetaData

from modelwire import Database, Resource
from tests.conftest import DIALECTS, PATIENT, create_postgres_database, make_app, open_client
from tests.lanes import LANES


@dataclass(frozen=True)
class World:
    """One database, and an application and a client for each way to it, by their names."""

    database: Database
    apps: dict[str, FastAPI]
    clients: dict[str, httpx2.AsyncClient]

    @property
    def dialect(self) -> str:
        return self.database.dialect


Apps = Callable[[Database], dict[str, FastAPI]]


def on_lanes(resources: tuple[Resource, ...]) -> Apps:
    """Make an application of some resources on each lane."""
    return lambda database: {lane: make_app(database, lane, resources, {}) for lane in LANES}


def make_world_fixture(
    name: str, metadata: MetaData, apps: Apps, *, kind: type[World] = World, created: str = ""
) -> Any:
    """Make a fixture of a package: each kind of database in turn, with every table.

    Args:
        name: The name of the databases.
        metadata: Their tables.
        apps: Makes the applications.
        kind: What the fixture is.
        created: How the database of PostgreSQL is created.
    """

    @pytest_asyncio.fixture(scope="package", params=DIALECTS)
    async def world(
        request: pytest.FixtureRequest, worker_id: str, tmp_path_factory: pytest.TempPathFactory
    ) -> AsyncIterator[World]:
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_server")
            url = await create_postgres_database(server, f"modelwire_{name}_{worker_id}", created)
        else:
            url = f"sqlite:///{tmp_path_factory.mktemp(name)}/{name}.db"
        database = Database(url, metadata=metadata, **PATIENT)
        await database.init_db()
        made = apps(database)
        async with AsyncExitStack() as stack:
            clients = {
                way: await stack.enter_async_context(open_client(app)) for way, app in made.items()
            }
            yield kind(database, made, clients)
        await database.close_db()

    return world
