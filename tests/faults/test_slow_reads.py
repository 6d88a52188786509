"""Reads that take long: they are ended sooner than writes, and leave connections to the others."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import event

from modelwire import Database
from modelwire.execute.connect.slots import QUICK_S, SLOW_S
from tests.conftest import open_client
from tests.lanes import DIALECTS
from tests.pools import checked_out, eventually_free

from .conftest import Figure, OpenDatabase
from .slow import PATH, make_slow_app

PROMISED_S = 0.25
"""Seconds that 99 of 100 ordinary requests take at most beside those that take long."""

PLAYERS = [{"name": f"Player {i}", "team_id": 1} for i in range(100)]
ORDINARY = (
    "/teams/1",
    "/players/7",
    "/players/?limit=20",
    "/players/?name__startswith=Player 1&sort=-name",
    "/teams/?include=players&count=none",
    "/teams/1/players/?cursor=",
)


@pytest_asyncio.fixture(params=DIALECTS)
async def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def let_nap(database: Database) -> None:
    """Let statements on SQLite wait, as pg_sleep does, without using the processor."""

    def nap(lasting_s: float) -> int:
        time.sleep(lasting_s)
        return 0

    def add(connection: Any, _record: Any) -> None:
        connection.create_function("nap", 1, nap)

    if database.dialect == "sqlite":
        event.listen(database.engine.sync_engine, "connect", add)


async def open_slow(database: Database, lane: str) -> FastAPI:
    """An application with players, and a resource that takes 20 seconds without working."""
    let_nap(database)
    app = await make_slow_app(database, lane, napping=True)
    async with open_client(app) as client:
        assert (await client.post("/teams/", json={"name": "Red"})).status_code == 201
        assert (await client.post("/players/bulk/", json=PLAYERS)).status_code == 201
    return app


def in_other_words(path: str, count: int) -> list[str]:
    """Paths that ask for the same, no two of them in the same words."""
    return [f"{path}{'&' * number}" for number in range(count)]


@asynccontextmanager
async def asking(
    client: httpx2.AsyncClient, path: str, clients: int
) -> AsyncIterator[Counter[int]]:
    """Ask for a path from several clients, again and again, until the block ends.

    Each does so in words of its own: those who use the same are answered together.
    """
    tally: Counter[int] = Counter()
    is_over = False

    async def ask(words: str) -> None:
        while not is_over:
            tally[(await client.get(words)).status_code] += 1

    tasks = [asyncio.create_task(ask(words)) for words in in_other_words(path, clients)]
    try:
        yield tally
    finally:
        is_over = True
        await asyncio.gather(*tasks)


async def measure(client: httpx2.AsyncClient, lasting_s: float) -> tuple[float, Counter[int]]:
    """Send ordinary requests; returns the seconds that 99 of 100 took, and their statuses."""
    end, taken, statuses = time.monotonic() + lasting_s, [], Counter[int]()
    for path in cycle(ORDINARY):
        begun = time.monotonic()
        if begun > end:
            break
        statuses[(await client.get(path)).status_code] += 1
        taken.append(time.monotonic() - begun)
        await asyncio.sleep(0.002)
    return sorted(taken)[int(len(taken) * 0.99)], statuses


async def test_ordinary_requests_beside_slow_ones(
    open_database: OpenDatabase, dialect: str, lane: str, figure: Figure
) -> None:
    """Beside a dozen clients that ask for what takes long again and again, others are served at
    once, whether they are known or asked for the first time."""
    database = open_database(dialect, pool_size=4, read_timeout_s=1.5)
    app = await open_slow(database, lane)
    async with open_client(app) as client, asking(client, PATH, 12) as tally:
        await asyncio.sleep(0.1)
        for _ in range(3):  # other work on the machine may hold everything up
            p99_s, statuses = await measure(client, 3)
            if p99_s < PROMISED_S:
                break
    figure("p99 of ordinary requests, seconds", p99_s)
    figure("answers to slow ones", dict(tally))
    assert set(statuses) == {200}
    assert p99_s < PROMISED_S
    assert tally[504] > 0
    assert tally[503] > 0
    await eventually_free(database)


async def test_half_of_the_pool(open_database: OpenDatabase, dialect: str, lane: str) -> None:
    """At most half of the connections are held by reads that have run for longer than a second."""
    database = open_database(dialect, pool_size=4, read_timeout_s=3)
    app = await open_slow(database, lane)
    async with open_client(app) as client:
        paths = in_other_words(PATH, 8)
        sending = [asyncio.create_task(client.get(path)) for path in paths]
        await asyncio.sleep(SLOW_S + 3 * QUICK_S)
        assert checked_out(database) == 2
        answers = await asyncio.gather(*sending)
    kinds = Counter((answer.status_code, answer.json()["code"]) for answer in answers)
    assert set(kinds) == {(504, "timeout"), (503, "unavailable")}
    assert kinds[504, "timeout"] >= 2
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert int(refused.headers["retry-after"]) >= 3


async def test_the_same_in_the_same_words_takes_long_once(
    open_database: OpenDatabase, dialect: str, lane: str
) -> None:
    """Those who ask for the same page wait for it together, on one connection; in sessions each
    has its own."""
    database = open_database(dialect, pool_size=4, read_timeout_s=2)
    app = await open_slow(database, lane)
    async with open_client(app) as client:
        sending = [asyncio.create_task(client.get(PATH)) for _ in range(8)]
        await asyncio.sleep(QUICK_S)
        assert lane == "session" or checked_out(database) == 1
        answers = await asyncio.gather(*sending)
    kinds = {(answer.status_code, answer.json()["code"]) for answer in answers}
    assert kinds <= {(504, "timeout"), (503, "unavailable")}
    assert lane == "session" or kinds == {(504, "timeout")}
    await eventually_free(database)


async def test_alone_a_slow_read_has_its_time(
    open_database: OpenDatabase, dialect: str, lane: str
) -> None:
    """A read that takes long is served where no others take long, on a pool of one too."""
    database = open_database(dialect, pool_size=1, read_timeout_s=5)
    let_nap(database)
    app = await make_slow_app(database, lane, napping=True, lasting_s=1.6)
    async with open_client(app) as client:
        for _ in range(2):
            assert (await client.get(PATH)).status_code == 200


async def test_read_limit(open_database: OpenDatabase, dialect: str, lane: str) -> None:
    """A read has a limit of its own, after which its connection serves on."""
    database = open_database(dialect, pool_size=1, read_timeout_s=0.3)
    app = await open_slow(database, lane)
    async with open_client(app) as client:
        before = await connection_of(database)
        for path in (PATH, "/slow_rows/stream/", "/slow_rows/1"):
            begun = time.monotonic()
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
            assert time.monotonic() - begun < 2
        assert (await client.get("/teams/")).status_code == 200
        assert await connection_of(database) == before


async def connection_of(database: Database) -> object:
    """Return an id of the one connection of a pool, different from its successors'."""
    async with database.engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        return driver.get_server_pid() if database.dialect == "postgresql" else id(driver)


SLOW_INSERT = {
    "postgresql": """
        CREATE FUNCTION wait_a_little() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.8); RETURN NEW; END $$;
        CREATE TRIGGER slow_insert BEFORE INSERT ON teams
        FOR EACH ROW EXECUTE FUNCTION wait_a_little()
    """,
    "sqlite": """
        CREATE TRIGGER slow_insert BEFORE INSERT ON teams BEGIN SELECT nap(0.8); END
    """,
}
DROP = {
    "postgresql": "DROP TRIGGER slow_insert ON teams; DROP FUNCTION wait_a_little()",
    "sqlite": "DROP TRIGGER slow_insert",
}


@asynccontextmanager
async def slow_inserts(database: Database) -> AsyncIterator[None]:
    """Let every new team take nearly a second."""

    async def run(script: str) -> None:
        async with database.engine.begin() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await (driver.execute if database.dialect == "postgresql" else driver.executescript)(
                script
            )

    await run(SLOW_INSERT[database.dialect])
    try:
        yield
    finally:
        await run(DROP[database.dialect])


async def test_writes_keep_their_limit(
    open_database: OpenDatabase, dialect: str, lane: str
) -> None:
    """The limit for reads doesn't apply to writes."""
    database = open_database(dialect, read_timeout_s=0.2)
    app = await open_slow(database, lane)
    async with slow_inserts(database), open_client(app) as client:
        assert (await client.post("/teams/", json={"name": "Blue"})).status_code == 201
        assert (await client.post("/teams/bulk/", json=[{"name": "Green"}])).status_code == 201


async def test_mass_changes_find_their_rows_within_the_read_limit(
    open_database: OpenDatabase, dialect: str, lane: str
) -> None:
    """The rows of a mass change are read within the limit of a list."""
    database = open_database(dialect, read_timeout_s=0.3)
    app = await open_slow(database, lane)
    async with open_client(app) as client:
        begun = time.monotonic()
        answer = await client.delete("/slow_rows/?id__gt=0", headers={"Prefer": "max-affected=1"})
        assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
        assert time.monotonic() - begun < 2
        assert (await client.post("/teams/", json={"name": "Blue"})).status_code == 201
    assert checked_out(database) == 0


@pytest.mark.both_lanes
async def test_slots_come_back(open_database: OpenDatabase, dialect: str, lane: str) -> None:
    """Whatever takes long keeps its slot no longer than it takes: reads, the reads of a batch, and
    the search for the rows of a mass change, whether they succeed or run out of time."""
    within, too_long = (30, SLOW_S + 0.7, [200, 200, 400]), (SLOW_S + 0.4, 30, [504] * 3)
    for limit_s, lasting_s, expected in (within, too_long):
        database = open_database(dialect, pool_size=2, read_timeout_s=limit_s)
        let_nap(database)
        app = await make_slow_app(database, lane, napping=True, lasting_s=lasting_s)
        async with open_client(app) as client:
            found = await client.get(PATH)
            part = {"method": "GET", "path": PATH}
            batch = await client.post("/batch", json={"requests": [part]})
            many = {"Prefer": "max-affected=0"}
            changed = await client.delete("/slow_rows/?id__gt=0", headers=many)
        assert [found.status_code, batch.status_code, changed.status_code] == expected
        assert database._slots.take_free()
        await database.close_db()
