"""Clients that go away or read slowly: nothing of theirs stays behind."""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable

import asyncpg
import httpx2
import pytest

from modelwire import Database
from tests.lanes import DIALECTS
from tests.live.conftest import serve_app
from tests.live.measure_stream import fill
from tests.pools import checked_out, eventually_free

from .conftest import Figure, OpenDatabase
from .load import load
from .probe import probe
from .servers import Postgres, serving
from .slow import PATH, make_slow_app, read_slowly

HEAD = "Host: localhost\r\nContent-Type: application/json\r\n"


async def begin(port: int, line: str, rest: str = "\r\n") -> asyncio.StreamWriter:
    """Send a request, or the beginning of one."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(f"{line} HTTP/1.1\r\n{HEAD}{rest}".encode())
    await writer.drain()
    return writer


async def count_running(url: str, condition: str) -> int:
    """Return the number of modelwire's statements or transactions running on PostgreSQL."""
    connection = await asyncpg.connect(url)
    try:
        return int(
            await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity "
                f"WHERE application_name = 'modelwire' AND {condition}"
            )
        )
    finally:
        await connection.close()


SLEEPS = "state = 'active' AND query LIKE '%slow_rows%'"


async def seconds_until(condition: Callable[[], Awaitable[bool]], limit_s: float) -> float:
    begun = time.monotonic()
    async with asyncio.timeout(limit_s):
        while not await condition():
            await asyncio.sleep(0.01)
    return time.monotonic() - begun


@pytest.mark.parametrize("path", [PATH, "/slow_rows/stream/"])
async def test_reader_goes_away(
    open_database: OpenDatabase, postgres_url: str, lane: str, path: str, figure: Figure
) -> None:
    """A second after its client has gone, a statement is cancelled on the server of PostgreSQL."""
    database = open_database("postgresql")

    async def runs() -> bool:
        return await count_running(postgres_url, SLEEPS) > 0

    async def rests() -> bool:
        return not await runs() and checked_out(database) == 0

    async with serve_app(await make_slow_app(database, lane)) as port:
        writer = await begin(port, f"GET {path}")
        await seconds_until(runs, 5)
        writer.transport.abort()
        took_s = await seconds_until(rests, 5)
    figure("seconds until the statement is cancelled", took_s)
    assert took_s < 1


async def test_reader_of_sqlite_goes_away(
    open_database: OpenDatabase, lane: str, figure: Figure
) -> None:
    """A second after its client has gone, a statement on SQLite is interrupted."""
    database = open_database("sqlite")
    async with serve_app(await make_slow_app(database, lane)) as port:
        writer = await begin(port, f"GET {PATH}")
        await asyncio.sleep(0.5)
        assert checked_out(database) == 1
        writer.transport.abort()
        took_s = await eventually_free(database)
    figure("seconds until the statement is interrupted", took_s)
    assert took_s < 1


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_upload_that_ends_early(open_database: OpenDatabase, dialect: str, lane: str) -> None:
    """A client that goes away in the middle of its body leaves nothing behind."""
    database = open_database(dialect)
    async with serve_app(await make_slow_app(database, lane)) as port:
        writers = [
            await begin(port, "POST /teams/", 'Content-Length: 99\r\n\r\n{"name":')
            for _ in range(20)
        ]
        for writer in writers:
            writer.transport.abort()
        await eventually_free(database)
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            assert (await client.get("/teams/")).json()["total"] == 0


REQUESTS = [
    ("GET /players/?limit=100", "\r\n"),
    ("GET /players/stream/", "\r\n"),
    ("GET /players/stream/?include=team", "\r\n"),
    (f"GET {PATH}", "\r\n"),
    ("POST /teams/", 'Content-Length: 16\r\n\r\n{"name": "NAME"}'),
    ("POST /teams/?include=players", 'Content-Length: 16\r\n\r\n{"name": "NAME"}'),
    ("POST /teams/bulk/", 'Content-Length: 18\r\n\r\n[{"name": "NAME"}]'),
    ("POST /teams/", 'Content-Length: 99\r\n\r\n{"name": '),
]


async def disconnect(port: int, number: int, chance: random.Random) -> None:
    line, rest = REQUESTS[number % len(REQUESTS)]
    writer = await begin(port, line, rest.replace("NAME", f"{number:04}"))
    await asyncio.sleep(chance.random() * 0.5)
    writer.transport.abort()


@pytest.mark.parametrize("many", [100, pytest.param(1000, marks=pytest.mark.long)])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_disconnects(
    open_database: OpenDatabase,
    postgres_url: str,
    dialect: str,
    lane: str,
    many: int,
    figure: Figure,
) -> None:
    """Two seconds after many disconnects no connection is taken, and no transaction is open."""
    database = open_database(dialect, pool_size=5)
    await fill(database, 10_000)
    chance = random.Random(7)
    async with serve_app(await make_slow_app(database, lane)) as port:
        for first in range(0, many, 20):
            await asyncio.gather(*(disconnect(port, first + i, chance) for i in range(20)))
        took_s = await eventually_free(database, within_s=10)
        figure("seconds until every connection is back", took_s)
        assert took_s < 2
        if dialect == "postgresql":
            assert await count_running(postgres_url, "state LIKE 'idle in transaction%'") == 0
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            answers = [await client.get("/teams/") for _ in range(10)]
        assert {answer.status_code for answer in answers} == {200}


async def test_slow_streams(postgres: Postgres, figure: Figure) -> None:
    """Slowly read streams, five times as many as connections, delay no other request."""
    database = Database(postgres.url)
    await database.init_db()
    await fill(database, 20_000)
    await database.close_db()
    with serving(postgres.url, MODELWIRE_POOL_SIZE="5") as service:
        alone_ms, _, _ = await probe(service.port, "/players/1", 4)
        writers = [await read_slowly(service.port, "/players/stream/") for _ in range(25)]
        beside_ms, _, bad = await probe(service.port, "/players/1", 4)
        for writer in writers:
            writer.transport.abort()
    figure("p99 without streams, ms", alone_ms)
    figure("p99 beside 25 slow streams, ms", beside_ms)
    assert bad == 0
    # Who waits for a stream's connection waits for seconds; a busy machine alone may take a tenth.
    assert beside_ms < max(1000, alone_ms * 2)


async def busy(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
    if number % 10:
        return await client.get("/players/?limit=100&sort=-name")
    return await client.post("/users/", json={"username": f"{number}", "email": f"{number}"})


async def test_flood(postgres: Postgres, figure: Figure) -> None:
    """200 clients on a pool of five get answers or 503, and health answers all along."""
    with serving(postgres.url, MODELWIRE_POOL_SIZE="5", MODELWIRE_POOL_TIMEOUT_S="1") as service:
        async with load(service.address, busy, clients=200) as flood:
            p99_ms, longest_ms, bad = await probe(service.port, "/health/live", 8)
    figure("answers", dict(flood.statuses))
    figure("codes", dict(flood.problems))
    figure("slowest answer, seconds", max(flood.seconds))
    figure("health p99, ms", p99_ms)
    figure("health, longest, ms", longest_ms)
    assert set(flood.statuses) <= {200, 201, 503}, flood.errors
    assert bad == 0
    assert p99_ms < 100 * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))
