"""Limits of time and number: what takes too long is ended, what is too much waits."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from modelwire import Database
from tests.conftest import open_client
from tests.lanes import DIALECTS
from tests.live.conftest import serve_app
from tests.live.measure_stream import fill
from tests.pools import checked_out, eventually_free

from .conftest import OpenDatabase
from .slow import PATH, make_slow_app, read_slowly


@pytest_asyncio.fixture(params=DIALECTS)
async def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def timed(client: httpx2.AsyncClient, path: str) -> tuple[httpx2.Response, float]:
    begun = time.monotonic()
    return await client.get(path), time.monotonic() - begun


async def test_statement_limit(open_database: OpenDatabase, dialect: str, lane: str) -> None:
    """A statement that takes too long is ended and answered 504, and its connection is free."""
    database = open_database(dialect, statement_timeout_s=0.3)
    async with open_client(await make_slow_app(database, lane)) as client:
        answer, took_s = await timed(client, PATH)
        assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
        assert took_s < 2
        assert (await client.get("/teams/")).status_code == 200
    assert checked_out(database) == 0


async def test_request_limit(
    open_database: OpenDatabase, dialect: str, lane: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that takes too long is answered 504, and its statement ended."""
    monkeypatch.setenv("MODELWIRE_REQUEST_TIMEOUT_S", "0.3")
    database = open_database(dialect)
    async with open_client(await make_slow_app(database, lane)) as client:
        answer, took_s = await timed(client, PATH)
        assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
        assert took_s < 2
    await eventually_free(database)


async def test_body_that_does_not_come(
    open_database: OpenDatabase, dialect: str, lane: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that does not come in time is answered 408, and takes no connection."""
    monkeypatch.setenv("MODELWIRE_REQUEST_TIMEOUT_S", "0.3")
    database = open_database(dialect)
    async with serve_app(await make_slow_app(database, lane)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = "POST /teams/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code": "too_slow"' in answer
    assert checked_out(database) == 0


async def test_pool_limit(open_database: OpenDatabase, dialect: str, lane: str) -> None:
    """A request that gets no connection in time is answered 503; others are served at once."""
    database = open_database(dialect, pool_size=1, pool_timeout_s=1, statement_timeout_s=3)
    async with open_client(await make_slow_app(database, lane)) as client:
        slow = asyncio.ensure_future(client.get(PATH))
        await asyncio.sleep(0.1)
        answer, took_s = await timed(client, "/teams/")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert 0.9 < took_s < 2
        for path, status in (("/health/live", 200), ("/teams/?nope=1", 422)):
            answer, took_s = await timed(client, path)
            assert answer.status_code == status
            assert took_s < 0.9
        assert (await slow).status_code == 504


@pytest_asyncio.fixture
async def few_streams(
    open_database: OpenDatabase, dialect: str, lane: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[int, Database]]:
    """The port of a service that sends two streams at a time."""
    monkeypatch.setenv("MODELWIRE_MAX_STREAMS", "2")
    database = open_database(dialect)
    await fill(database, 40_000)
    async with serve_app(await make_slow_app(database, lane)) as port:
        yield port, database


async def test_stream_limit(few_streams: tuple[int, Database]) -> None:
    """One stream too many is answered 503; it is served when another one has ended."""
    port, _ = few_streams
    opened = [await read_slowly(port, "/players/stream/?include=team") for _ in range(2)]
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        refused = await client.get("/players/stream/")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
        for writer in opened:
            writer.transport.abort()
        async with asyncio.timeout(30):
            while (await client.get("/players/stream/?id__lte=9")).status_code != 200:
                await asyncio.sleep(0.05)
