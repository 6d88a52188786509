"""A network that is cut between a primary and its standby, or between a service and the primary."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from examples.league import Team
from modelwire import Database, SessionDep, mount
from tests.conftest import LEAGUE, open_client, use_sessions
from tests.http.problems import read_problem

from .conftest import Figure
from .proxy import Proxy, open_proxy
from .servers import Postgres, own_postgres


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Postgres, Postgres]]:
    """A primary whose COMMIT waits for its standby."""
    with ExitStack() as stack:
        primary = stack.enter_context(own_postgres())
        standby = stack.enter_context(own_postgres(primary=primary))
        primary.set(synchronous_standby_names="'ANY 1 (*)'")
        primary.reload()
        yield primary, standby


@asynccontextmanager
async def following_through(primary: Postgres, standby: Postgres) -> AsyncIterator[Proxy]:
    """Have a standby follow its primary by a proxy, until the block ends."""
    async with open_proxy(primary.url) as proxy:
        await follow(standby, proxy.port)
        try:
            yield proxy
        finally:
            proxy.silent = False
            await follow(standby, primary.port)


async def follow(standby: Postgres, port: int) -> None:
    connection = await asyncpg.connect(standby.url)
    place = f"host=127.0.0.1 port={port} user=postgres sslmode=disable"
    await connection.execute(f"ALTER SYSTEM SET primary_conninfo = '{place}'")
    await connection.execute("SELECT pg_reload_conf()")
    async with asyncio.timeout(60):
        while not await connection.fetchval(
            "SELECT sender_port = $1 FROM pg_stat_wal_receiver WHERE status = 'streaming'", port
        ):
            await asyncio.sleep(0.02)
    await connection.close()


@asynccontextmanager
async def serving(database: Database, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI(lifespan=database.lifespan)

    @app.post("/own")
    async def create(session: SessionDep, body: Team) -> None:
        session.add(Team(name=body.name))
        await session.commit()

    mount(app, database, *LEAGUE)
    if lane == "session":
        use_sessions(app, database)
    async with app.router.lifespan_context(app), open_client(app) as client:
        yield client


WAYS = {
    "single": "/teams/",
    "transaction": "/teams/?include=players",
    "bulk": "/teams/bulk/",
    "own": "/own",
}


@pytest.mark.both_lanes
@pytest.mark.parametrize("way", WAYS)
async def test_commits_that_no_standby_has(
    servers: tuple[Postgres, Postgres], lane: str, way: str
) -> None:
    """A COMMIT that is ended while it waits for a standby succeeds, as the server has it; what no
    standby has may be lost with the primary, so nobody is told that it is stored."""
    primary, standby = servers
    name = f"{way} {lane}"
    body = {"name": name}
    database = Database(primary.url, statement_timeout_s=1)
    async with serving(database, lane) as client, following_through(primary, standby) as proxy:
        proxy.silent = True
        answer = await client.post(WAYS[way], json=[body] if way == "bulk" else body)
        read_problem(answer, 503, "unknown_outcome")
        assert int(answer.headers["retry-after"]) > 0
        proxy.silent = False
        assert (await write(client, f"{name} again")).status_code == 201
        stored = (await client.get("/teams/", params=body)).json()["items"]
        assert len(stored) == 1


@pytest.mark.parametrize("way", ["url", "role"])
async def test_commits_of_who_wants_no_warnings(
    servers: tuple[Postgres, Postgres], way: str
) -> None:
    """The warning by which that is known comes also where the URL or the role asks for none."""
    primary, standby = servers
    url = primary.url
    if way == "url":
        url += ("&" if "?" in url else "?") + "options=-c%20client_min_messages=error"
    else:
        await run(primary, "ALTER ROLE postgres SET client_min_messages = error")
    database = Database(url, statement_timeout_s=1)
    async with serving(database, "direct") as client, following_through(primary, standby) as proxy:
        proxy.silent = True
        read_problem(await write(client, f"quiet {way}"), 503, "unknown_outcome")
    await run(primary, "ALTER ROLE postgres RESET client_min_messages")


async def run(server: Postgres, sql: str) -> None:
    connection = await asyncpg.connect(server.url)
    await connection.execute(sql)
    await connection.close()


@pytest.mark.both_lanes
async def test_repeating_what_no_standby_has(servers: tuple[Postgres, Postgres], lane: str) -> None:
    """A request that comes again with its key is told what was answered once a standby has it, and
    not before: what the primary alone has may be lost all the same."""
    primary, standby = servers
    body, key = {"name": f"repeated {lane}"}, {"Idempotency-Key": f"key-{lane}"}
    database = Database(primary.url, statement_timeout_s=1)
    async with serving(database, lane) as client, following_through(primary, standby) as proxy:
        proxy.silent = True
        for _ in range(2):
            answer = await client.post("/teams/", json=body, headers=key)
            read_problem(answer, 503, "unknown_outcome")
        proxy.silent = False
        answer = await client.post("/teams/", json=body, headers=key)
        assert answer.status_code == 201
        stored = (await client.get("/teams/", params=body)).json()["items"]
        assert stored == [answer.json()]


@pytest.mark.both_lanes
async def test_writes_go_on_where_the_primary_was_cut_off(lane: str, figure: Figure) -> None:
    """Whoever waits for a server that says nothing goes on once another one was made the primary:
    long before a statement may not take longer, and with no answer but 201 and 503."""
    with ExitStack() as stack:
        first = stack.enter_context(own_postgres())
        second = stack.enter_context(own_postgres(primary=first))
        async with open_proxy(first.url) as proxy:
            url = (
                f"postgresql://postgres@127.0.0.1:{proxy.port},127.0.0.1:{second.port}/postgres"
                "?sslmode=disable"
            )
            database = Database(url, statement_timeout_s=600, pool_timeout_s=60)
            async with serving(database, lane) as client:
                await asyncio.gather(*(write(client, f"before {i}") for i in range(10)))
                proxy.silent = True
                sent = [asyncio.create_task(write(client, f"lost {i}")) for i in range(15)]
                await asyncio.sleep(1.5)
                assert not any(task.done() for task in sent)
                await asyncio.to_thread(second.promote)
                promoted_s = time.monotonic()
                answers = await asyncio.gather(*sent, write(client, "after"))
                figure("seconds until clients write", time.monotonic() - promoted_s)
                assert {answer.status_code for answer in answers} <= {201, 503}
                assert answers[-1].status_code == 201
                codes = {a.json()["code"] for a in answers if a.status_code == 503}
                assert codes <= {"unknown_outcome", "unavailable"}
            proxy.silent = False


async def test_statements_that_take_long_at_one_of_two_places(
    servers: tuple[Postgres, Postgres],
) -> None:
    """A server that the URL names twice, as by two proxies, is right by either name: what takes
    long there is not ended, whichever answers when it is asked about."""
    primary, _ = servers
    async with open_proxy(primary.url) as first, open_proxy(primary.url) as second:
        url = (
            f"postgresql://postgres@127.0.0.1:{first.port},127.0.0.1:{second.port}/postgres"
            "?sslmode=disable&load_balance_hosts=random"
        )
        database = Database(url)
        async with database.engine.connect() as connection:
            await connection.execute(text("SELECT pg_sleep(3)"))
        await database.engine.dispose()


async def write(client: httpx2.AsyncClient, name: str) -> httpx2.Response:
    return await client.post("/teams/", json={"name": name})


@pytest.mark.parametrize("path", ["/teams/", "/teams/1", "/teams/stream/"])
async def test_reads_go_on_where_a_copy_was_cut_off(
    servers: tuple[Postgres, Postgres], figure: Figure, path: str
) -> None:
    """Reads that a replica doesn't answer go elsewhere; the replica is skipped until it is back."""
    primary, standby = servers
    async with open_proxy(standby.url) as proxy:
        database = Database(primary.url, replica_urls=proxy.url, read_timeout_s=2)
        async with serving(database, "direct") as client:
            await write(client, f"read {path}")

            async def read() -> tuple[int, float]:
                begun = time.monotonic()
                answer = await client.get(path, headers={"Prefer": "max-staleness=60"})
                return answer.status_code, time.monotonic() - begun

            assert database.replicas is not None
            (copy,) = database.replicas.all
            async with asyncio.timeout(60):
                while not copy.reads:
                    await read()
            proxy.silent = True
            answers = [await read()]
            answers += await asyncio.gather(*(read() for _ in range(20)))
            quick_s = (await read())[1]
            figure("slowest answer, seconds", max(took_s for _, took_s in answers))
            assert {status for status, _ in answers} == {200}
            assert not copy.is_up
            assert quick_s < 1
            before, proxy.silent = copy.reads, False
            async with asyncio.timeout(60):
                while copy.reads == before:
                    assert (await read())[0] == 200
                    await asyncio.sleep(0.05)
