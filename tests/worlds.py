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
from tests.conftest import PATIENT, MakeURL, make_app, open_client
from tests.lanes import DIALECTS, LANES


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
    async def world(request: pytest.FixtureRequest, make_url: MakeURL) -> AsyncIterator[World]:
        url = await make_url(request.param, name, created)
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
