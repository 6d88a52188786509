"""Both databases with tables whose constraints are deferred, reached in every way."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx2
import pytest
import pytest_asyncio
from fastapi import Depends, FastAPI, Request

from modelwire import Database, UnitOfWorkDep
from tests.conftest import (
    DIALECTS,
    LANES,
    create_postgres_database,
    empty_tables,
    make_app,
    open_client,
)

from .tables import Base, Owner, Tag, Ticket, make_resources

WAYS = (*LANES, "guarded")
"""The lanes, and routes whose dependencies FastAPI solves."""


@dataclass(frozen=True)
class World:
    """One database, and a client for each way to it."""

    database: Database
    clients: dict[str, httpx2.AsyncClient]

    @property
    def dialect(self) -> str:
        return self.database.dialect


def _pass() -> None:
    """A guard that lets everybody through."""


def _make_app(database: Database, way: str) -> FastAPI:
    options = {"dependencies": [Depends(_pass)]} if way == "guarded" else {}
    lane = "direct" if way == "guarded" else way
    app = make_app(database, lane, make_resources(**options), {})

    @app.post("/own")
    async def own(request: Request, session: UnitOfWorkDep) -> dict[str, str]:
        session.add(Ticket(**await request.json()))
        return {"status": "stored"}

    return app


@pytest_asyncio.fixture(scope="package", params=DIALECTS)
async def tables(
    request: pytest.FixtureRequest, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """One kind of database with every table; the test runs once on each."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = await create_postgres_database(server, f"modelwire_commits_{worker_id}")
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('commits')}/commits.db"
    database = Database(url, metadata=Base.metadata)
    await database.init_db()
    async with AsyncExitStack() as stack:
        clients = {
            way: await stack.enter_async_context(open_client(_make_app(database, way)))
            for way in WAYS
        }
        yield World(database, clients)
    await database.close_db()


@pytest_asyncio.fixture
async def world(tables: World) -> World:
    """The same with two owners, three tickets and three tags."""
    async with tables.database.engine.begin() as connection:
        # Triggers keep some rows from being deleted.
        await connection.exec_driver_sql("UPDATE owners SET note = NULL")
        await connection.exec_driver_sql("UPDATE tickets SET note = NULL")
        await connection.exec_driver_sql("UPDATE ticket_tags SET tag_id = 1 WHERE tag_id = 3")
    await empty_tables(tables.database)
    async with tables.database.session() as session:
        session.add_all([Owner(name="ann"), Owner(name="bo", note="kept")])
        session.add_all([Tag(name="x"), Tag(name="y"), Tag(name="z")])
        await session.flush()
        session.add_all(
            [
                Ticket(code="a", badge=1, owner_id=1, tags=[await session.get_one(Tag, 3)]),
                Ticket(code="b", badge=2, owner_id=1, note="kept"),
                Ticket(code="c", badge=3),
            ]
        )
        await session.commit()
    return tables
