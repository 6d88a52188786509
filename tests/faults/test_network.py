"""The network between service and database: cut, slow, silent."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from modelwire import Database
from tests.conftest import open_client
from tests.lanes import LANES
from tests.pools import checked_out

from .conftest import Figure
from .proxy import Proxy
from .slow import make_league_app


@pytest_asyncio.fixture(params=LANES)
async def client(
    request: pytest.FixtureRequest, behind: Database
) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(make_league_app(behind, request.param)) as made:
        yield made


async def read_many(client: httpx2.AsyncClient) -> set[int]:
    answers = await asyncio.gather(*(client.get("/teams/") for _ in range(20)))
    return {answer.status_code for answer in answers}


async def recover(client: httpx2.AsyncClient) -> float:
    """Seconds until many reads at a time are all served."""
    begun = time.monotonic()
    async with asyncio.timeout(60):
        while await read_many(client) != {200}:
            await asyncio.sleep(0.01)
    return time.monotonic() - begun


async def test_connections_that_were_cut(client: httpx2.AsyncClient, proxy: Proxy) -> None:
    """After every connection was reset, reads and writes are served as if nothing had been."""
    assert await read_many(client) == {200}
    for turn in range(5):
        proxy.reset()
        await asyncio.sleep(0.05)
        assert await read_many(client) == {200}
        proxy.reset()
        await asyncio.sleep(0.05)
        assert (await client.post("/teams/", json={"name": f"{turn}"})).status_code == 201


@pytest.mark.parametrize("path", ["/teams/", "/teams/?include=players", "/teams/stream/"])
async def test_read_that_is_cut_in_the_middle(behind: Database, proxy: Proxy, path: str) -> None:
    """A read whose connection is cut while it waits is sent again on a fresh one."""
    async with open_client(make_league_app(behind, "direct")) as client:
        assert (await client.get(path)).status_code == 200
        proxy.cut_at_reply, proxy.cuts_left = b"SELECT", 1
        assert (await client.get(path)).status_code == 200
        assert proxy.cuts_left == 0
    assert checked_out(behind) == 0


async def test_begin_that_is_cut(behind: Database, proxy: Proxy) -> None:
    """A transaction whose BEGIN was lost has done nothing, and begins on a fresh connection."""
    async with open_client(make_league_app(behind, "direct")) as client:
        await client.get("/teams/")
        proxy.cut_at_request, proxy.cuts_left = b"BEGIN", 1
        answer = await client.post("/teams/?include=players", json={"name": "Red"})
        assert answer.status_code == 201
        assert proxy.cuts_left == 0


async def test_slow_network(proxy: Proxy, lane: str) -> None:
    """A network that takes its time makes no errors, within the usual limits of time."""
    database = Database(proxy.url, pool_size=5)
    proxy.delay_s = 0.02
    try:
        async with open_client(make_league_app(database, lane)) as client:
            assert await read_many(client) == {200}
            assert (await client.post("/teams/", json={"name": "Red"})).status_code == 201
    finally:
        await database.close_db()


async def test_silent_network(
    client: httpx2.AsyncClient, proxy: Proxy, behind: Database, figure: Figure
) -> None:
    """A network that loses everything ends in 504 or 503 in bounded time, and is recovered from."""
    assert await read_many(client) == {200}
    begun = time.monotonic()
    proxy.silent = True
    assert await read_many(client) <= {503, 504}
    took_s = time.monotonic() - begun
    proxy.silent = False
    figure("slowest answer, seconds", took_s)
    figure("full service after, seconds", await recover(client))
    assert took_s < 10


async def test_refused_connections(
    client: httpx2.AsyncClient, proxy: Proxy, behind: Database, figure: Figure
) -> None:
    """While no connection can be opened, no request waits for one."""
    proxy.refuses = True
    begun = time.monotonic()
    answers = await asyncio.gather(*(client.get("/teams/") for _ in range(50)))
    took_s = time.monotonic() - begun
    figure("seconds for 50 answers on a pool of 5", took_s)
    assert {answer.status_code for answer in answers} == {503}
    assert took_s < 2
    proxy.refuses = False
    figure("full service after, seconds", await recover(client))
