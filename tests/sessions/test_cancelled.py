"""Cancelled requests: what they began is undone before anybody else has the connection."""

import asyncio
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from examples.league import Team
from modelwire import Database, mount
from modelwire.catalog.read import read_catalog
from modelwire.pipeline import reads, writes
from modelwire.pipeline.pipeline import Pipeline
from modelwire.request.request import Request
from tests.conftest import LEAGUE, ZOO, open_client
from tests.pools import eventually_free

CATALOG = read_catalog([*LEAGUE, *ZOO])
AUTHOR = b'{"name": "Ann"}'


async def until_all_are_back(database: Database) -> None:
    """Wait until no connection is used: what was cancelled is undone first, and takes a while."""
    await eventually_free(database, within_s=60)


@pytest.mark.parametrize("turns", range(1, 25))
async def test_cancelled_delete(database: Database, turns: int) -> None:
    """A row that is stored after a cancelled transaction is there, whenever that was cancelled."""
    pipeline, authors = Pipeline(CATALOG, database), CATALOG.tables["authors"]
    # An author has books that go with it, so its removal is a transaction of several statements.
    removal = asyncio.ensure_future(
        writes.delete(pipeline, authors, Request("DELETE", b"", keys=("1",)))
    )
    for _ in range(turns):
        await asyncio.sleep(0)
    removal.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await removal
    headers = {b"content-type": b"application/json"}
    created = await writes.create(pipeline, authors, Request("POST", b"", headers, body=AUTHOR))
    assert created.status == 201
    key = dict(created.headers)[b"location"].rpartition(b"/")[2].decode()
    read = await reads.read(pipeline, authors, Request("GET", b"", keys=(key,)))
    assert read.status == 200
    async with database.session() as session:
        assert await session.get(Team, 1) is None
    await until_all_are_back(database)


async def test_cancelled_requests_leave_the_pool_whole(database: Database) -> None:
    """After many cancelled requests every connection is back, and nothing is half-done."""
    app = FastAPI()
    mount(app, database, *LEAGUE)

    async def create(client: httpx2.AsyncClient, number: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.0005 * (number % 20)):
                await client.post("/teams/", json={"name": f"Team {number}"})

    async with open_client(app) as client:
        await asyncio.gather(*(create(client, number) for number in range(100)))
        assert (await client.post("/teams/", json={"name": "Last"})).status_code == 201
        names = [team["name"] for team in (await client.get("/teams/stream/")).json()]
    assert names[-1] == "Last"
    assert len(set(names)) == len(names)
    await until_all_are_back(database)


async def test_connection_that_nobody_waits_for_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection to SQLite that is opened for a request that is cancelled meanwhile is closed."""
    begun, go_on = threading.Event(), threading.Event()
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def connect_later(*arguments: Any, **options: Any) -> sqlite3.Connection:
        begun.set()
        go_on.wait(5)
        opened.append(connect(*arguments, **options))
        return opened[0]

    monkeypatch.setattr(sqlite3, "connect", connect_later)
    database = Database(f"sqlite:///{tmp_path}/opened.db")

    async def read() -> None:
        async with database.reading():
            pass

    reading = asyncio.ensure_future(read())
    await asyncio.to_thread(begun.wait, 5)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    go_on.set()
    async with asyncio.timeout(5):
        while not (opened and _is_closed(opened[0])):
            await asyncio.sleep(0.001)


def _is_closed(connection: sqlite3.Connection) -> bool:
    try:
        connection.total_changes  # noqa: B018
    except sqlite3.ProgrammingError:
        return True
    return False
