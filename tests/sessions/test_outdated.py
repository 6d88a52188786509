"""Connections that were opened while the database took no writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import event

from examples.league import Team
from modelwire import Database, UnitOfWorkDep, mount
from modelwire.execute.connect.limit import FRESH_S
from tests.conftest import LEAGUE, create_postgres_database, open_client, use_sessions
from tests.lanes import DIALECTS

Switch = Callable[[bool], Awaitable[None]]
POOL_SIZE = 3


class ReadOnly:
    """A database of a test's own, whose new connections take writes or don't."""

    def __init__(self, database: Database, switch: Switch) -> None:
        self.database = database
        self.switch = switch


async def open_sqlite(path: Path) -> ReadOnly:
    database = Database(f"sqlite:///{path}/outdated.db", pool_size=POOL_SIZE)
    is_read_only = False

    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA query_only = {is_read_only:d}")
        cursor.close()

    async def switch(on: bool) -> None:
        nonlocal is_read_only
        is_read_only = on

    event.listen(database.engine.sync_engine, "connect", prepare)
    return ReadOnly(database, switch)


async def open_postgresql(server: str, name: str) -> ReadOnly:
    url = await create_postgres_database(server, name)

    async def switch(on: bool) -> None:
        admin = await asyncpg.connect(server)
        value = "on" if on else "off"
        await admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')
        await admin.close()

    return ReadOnly(Database(url, pool_size=POOL_SIZE), switch)


@pytest_asyncio.fixture(params=DIALECTS)
async def read_only(
    request: pytest.FixtureRequest, postgres_server: str, worker_id: str, tmp_path: Path
) -> AsyncIterator[ReadOnly]:
    if request.param == "sqlite":
        made = await open_sqlite(tmp_path)
    else:
        made = await open_postgresql(postgres_server, f"modelwire_outdated_{worker_id}")
    await made.database.init_db()
    await made.database.close_db()
    yield made
    await made.database.close_db()


async def open_all(database: Database) -> None:
    """Open as many connections as the pool holds."""

    async def hold(everybody: asyncio.Barrier) -> None:
        async with database.engine.connect():
            await everybody.wait()

    everybody = asyncio.Barrier(POOL_SIZE)
    await asyncio.gather(*(hold(everybody) for _ in range(POOL_SIZE)))


def make_app(database: Database, lane: str) -> FastAPI:
    app = FastAPI()

    @app.post("/own", status_code=201)
    async def add(session: UnitOfWorkDep) -> None:
        session.add(Team(name="own"))

    mount(app, database, *LEAGUE)
    if lane == "session":
        use_sessions(app, database)
    return app


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/teams/", {"name": "Red"}),
        ("/teams/bulk/", [{"name": "Red"}, {"name": "Blue"}]),
        ("/own", None),
    ],
)
async def test_writes_go_on_once_the_database_takes_them(
    read_only: ReadOnly, lane: str, path: str, body: Any
) -> None:
    """Connections that take no writes are replaced when a write meets them. Where a session has met
    one, nobody else does."""
    app = make_app(read_only.database, lane)
    async with open_client(app) as client:
        await read_only.switch(True)
        await open_all(read_only.database)
        assert (await client.post(path, json=body)).status_code == 503
        assert (await client.get("/teams/")).status_code == 200
        await asyncio.sleep(FRESH_S + 0.1)
        await read_only.switch(False)
        answer = await client.post(path, json=body)
        if lane == "session" or path == "/own":
            assert answer.status_code == 503
            answer = await client.post(path, json=body)
        assert answer.status_code == 201, answer.text
        for number in range(POOL_SIZE):
            assert (await client.post("/teams/", json={"name": f"{number}"})).status_code == 201


async def test_reads_keep_their_connections(read_only: ReadOnly, lane: str) -> None:
    """Of a database that takes no writes, a connection that is new is not replaced."""
    app = make_app(read_only.database, lane)
    opened = 0

    def note(_connection: Any, _record: Any) -> None:
        nonlocal opened
        opened += 1

    event.listen(read_only.database.engine.sync_engine, "connect", note)
    async with open_client(app) as client:
        await read_only.switch(True)
        for _ in range(5):
            assert (await client.post("/teams/", json={"name": "Red"})).status_code == 503
    assert opened == 1
