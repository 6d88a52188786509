"""Databases with tables of their own, which the tests of one package share."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import MetaData

from modelwire import Database, Resource
from tests.conftest import PATIENT, MakeURL, make_app, make_client_of
from tests.lanes import DIALECTS, LANES, lanes_for

T = TypeVar("T")


class Made(Mapping[str, T]):
    """Values by name, each of which is made when it is first asked for.

    Args:
        makers: Makes each of them.
    """

    def __init__(self, makers: Mapping[str, Callable[[], T]]) -> None:
        self._makers = makers
        self.made: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self.made:
            self.made[name] = self._makers[name]()
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


@dataclass(frozen=True)
class World:
    """One database, and an application and a client for each way to it, by their names."""

    database: Database
    apps: Mapping[str, FastAPI]
    clients: Mapping[str, httpx2.AsyncClient]

    @property
    def dialect(self) -> str:
        return self.database.dialect

    def clients_for(self, module: str) -> dict[str, httpx2.AsyncClient]:
        """Return the clients for cases of a module that go through lanes by themselves."""
        return {lane: self.clients[lane] for lane in lanes_for(module, self.dialect)}


Makers = dict[str, Callable[[], FastAPI]]
Apps = Callable[[Database], Makers]
"""Makers of the applications of a database, by their names: tests on one lane need one of two."""

AddEndpoints = Callable[[FastAPI, Database], object]


def on_lanes(
    resources: tuple[Resource, ...], add_endpoints: AddEndpoints | None = None, **options: Any
) -> Apps:
    """Make an application of some resources on each lane.

    Args:
        resources: The resources.
        add_endpoints: Adds the application's own endpoints.
        options: Those of `mount`.
    """

    def make(database: Database, lane: str) -> FastAPI:
        app = make_app(database, lane, resources, options)
        if add_endpoints is not None:
            add_endpoints(app, database)
        return app

    return lambda database: {lane: partial(make, database, lane) for lane in LANES}


def make_world_fixture(
    name: str,
    metadata: MetaData,
    apps: Apps,
    *,
    kind: type[World] = World,
    created: str = "",
    keeps_log: bool = False,
) -> Any:
    """Make a fixture of a package: each kind of database in turn, with every table.

    Args:
        name: The name of the databases.
        metadata: Their tables.
        apps: Makes the applications.
        kind: What the fixture is.
        created: How the database of PostgreSQL is created.
        keeps_log: Whether changes are logged. The log is created with the tables, if an application
            that keeps one is there already.
    """

    @pytest_asyncio.fixture(scope="package", params=DIALECTS)
    async def world(request: pytest.FixtureRequest, make_url: MakeURL) -> AsyncIterator[World]:
        url = await make_url(request.param, name, created)
        database = Database(url, metadata=metadata, **PATIENT)
        made = Made(apps(database))
        if keeps_log:
            next(iter(made.values()))
        await database.init_db()
        clients = Made({name: partial(_make_client, made, name) for name in made})
        yield kind(database, made, clients)
        for client in clients.made.values():
            await client.aclose()
        await database.close_db()

    return world


def _make_client(apps: Mapping[str, FastAPI], name: str) -> httpx2.AsyncClient:
    return make_client_of(apps[name])
