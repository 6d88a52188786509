"""Replicas that lag, are away, or were promoted: no client is shown an older state."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from examples.league import Team
from modelwire import ConfigurationError, Database, SessionDep, mount
from modelwire.errors import Unavailable
from tests.conftest import LEAGUE, open_client
from tests.http.problems import read_problem

from .conftest import Figure
from .servers import Postgres, find_port, own_postgres, serving

POSITION = "modelwire-position"
LAG = "recovery_min_apply_delay"


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Postgres]]:
    """A primary and two copies of it, with the tables of the league."""
    with ExitStack() as stack:
        primary = stack.enter_context(own_postgres(max_connections="60"))
        copies = [stack.enter_context(own_postgres(primary=primary)) for _ in range(2)]
        yield [primary, *copies]


def lag(server: Postgres, seconds: float) -> None:
    """Have a copy take over what was committed some seconds later."""
    server.set(**{LAG: f"'{int(seconds * 1000)}ms'"})
    server.reload()


@asynccontextmanager
async def serving_copies(
    servers: list[Postgres], *copies: Postgres, url: str | None = None, **settings: Any
) -> AsyncIterator[tuple[FastAPI, httpx2.AsyncClient]]:
    """An application that reads from copies, with empty tables, and a client of it."""
    urls = " ".join(copy.url for copy in copies)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(f"MODELWIRE_{name.upper()}", str(value))
        database = Database(url or servers[0].url, replica_urls=urls)
    app = FastAPI(lifespan=database.lifespan)

    @app.post("/own")
    async def create(session: SessionDep) -> int | None:
        team = Team(name="own")
        session.add(team)
        await session.commit()
        return team.id

    mount(app, database, *LEAGUE)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        client = await stack.enter_async_context(open_client(app))
        async with database.engine.begin() as connection:
            await connection.exec_driver_sql(
                "TRUNCATE teams, players, users RESTART IDENTITY CASCADE"
            )
        assert database.replicas is not None
        await caught_up(servers)
        yield app, client


async def caught_up(servers: list[Postgres]) -> None:
    """Wait until each copy that is not held back shows all that was committed."""
    async with asyncio.timeout(60):
        primary = await asyncpg.connect(servers[0].url)
        now = await primary.fetchval("SELECT pg_current_wal_insert_lsn()::text")
        await primary.close()
        for server in servers[1:]:
            copy = await asyncpg.connect(server.url)
            while not await copy.fetchval(
                "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", now
            ):
                await asyncio.sleep(0.01)
            await copy.close()


def reads_of(app: FastAPI) -> list[int]:
    """Return the number of requests for which each replica was chosen."""
    database: Database = app.state.modelwire_database
    assert database.replicas is not None
    return [replica.reads for replica in database.replicas.all]


async def create(client: httpx2.AsyncClient, name: str) -> httpx2.Response:
    answer = await client.post("/teams/", json={"name": name})
    assert answer.status_code == 201
    return answer


async def test_reads_go_to_copies(servers: list[Postgres]) -> None:
    """Reads go to a replica, whatever their method; writes go to the primary."""
    async with serving_copies(servers, *servers[1:]) as (app, client):
        await create(client, "Red")
        await caught_up(servers)
        async with asyncio.timeout(60):
            while not all(reads_of(app)):
                await asyncio.gather(*(client.get("/teams/1") for _ in range(20)))
        before = sum(reads_of(app))
        for path in ("/teams/1", "/teams/", "/teams/stream/", "/teams/aggregate/?measures=count"):
            answer = await client.get(path)
            assert answer.status_code == 200, answer.text
            assert POSITION not in answer.headers
        assert (await client.post("/teams/query", json={})).json()["total"] == 1
        assert (await client.get("/teams/1/players/")).status_code == 200
        assert sum(reads_of(app)) == before + 6
        assert (await client.get("/teams/2")).status_code == 404


@pytest.mark.parametrize("path", ["/teams/", "/own"])
async def test_own_writes_are_seen(servers: list[Postgres], path: str) -> None:
    """A read that says how far its client's write came is never behind it; others may be."""
    async with serving_copies(servers, *servers[1:], max_staleness_s=600) as (_, client):
        for copy in servers[1:]:
            lag(copy, 600)
        try:
            written = await client.post(path, json={"name": "Red"})
            position = written.headers[POSITION]
            assert (await client.get("/teams/1")).status_code == 404
            seen = await client.get("/teams/1", headers={POSITION: position})
            assert seen.status_code == 200
            assert seen.headers[POSITION] >= position
            for told in ({"Prefer": "consistency=strong"}, {"Prefer": "max-staleness=0"}):
                assert (await client.get("/teams/1", headers=told)).status_code == 200
            assert (await client.get("/teams/1", headers={POSITION: "latest"})).status_code == 200
        finally:
            for copy in servers[1:]:
                lag(copy, 0)


async def test_a_late_copy_is_waited_for(servers: list[Postgres]) -> None:
    """A read waits for a copy as long as it is told to, and then has what it was to show."""
    copy = servers[1]
    async with serving_copies(servers, copy, replica_wait_s=60) as (app, client):
        lag(copy, 0.5)
        try:
            position = (await create(client, "Red")).headers[POSITION]
            (before,) = reads_of(app)
            seen = await client.get("/teams/1", headers={POSITION: position})
            assert seen.status_code == 200
            assert reads_of(app) == [before + 1]
        finally:
            lag(copy, 0)


async def test_no_step_back(servers: list[Postgres]) -> None:
    """A client that keeps the newest position never reads an older state, on any replica."""
    async with serving_copies(servers, *servers[1:], position_cookie=True) as (_, client):
        lag(servers[1], 600)
        stop = asyncio.Event()

        async def write() -> None:
            while not stop.is_set():
                await client.post("/teams/", json={"name": f"{asyncio.get_running_loop().time()}"})

        async def read(base: str) -> int:
            """With a cookie jar of its own, as a browser has."""
            count = steps = 0
            transport = client._transport
            async with httpx2.AsyncClient(transport=transport, base_url=base) as own:
                for _ in range(40):
                    page = await own.get("/teams/?limit=1")
                    assert "modelwire_position" in own.cookies
                    assert page.json()["total"] >= count
                    steps += page.json()["total"] > count
                    count = page.json()["total"]
            return steps

        writer = asyncio.create_task(write())
        try:
            steps = await asyncio.gather(*(read("http://test") for _ in range(5)))
        finally:
            stop.set()
            await writer
            lag(servers[1], 0)
        assert sum(steps) > 0


async def test_bad_position(servers: list[Postgres]) -> None:
    """A malformed position is refused, with what would be right."""
    async with serving_copies(servers, servers[1]) as (_, client):
        answer = await client.get("/teams/", headers={POSITION: "soon"})
        assert "0/16B3740" in read_problem(answer, 422, "invalid")["detail"]


async def test_copies_that_go_and_come(servers: list[Postgres]) -> None:
    """While copies are away, the primary answers; once they are back, they do."""
    async with serving_copies(servers, *servers[1:]) as (app, client):
        await create(client, "Red")
        await caught_up(servers)
        for copy in servers[1:]:
            copy.stop("immediate")
            answers = await asyncio.gather(*(client.get("/teams/1") for _ in range(30)))
            assert {answer.status_code for answer in answers} == {200}
        for copy in servers[1:]:
            copy.start()
        before = reads_of(app)
        async with asyncio.timeout(60):
            while not all(now > old for now, old in zip(reads_of(app), before, strict=True)):
                await asyncio.gather(*(client.get("/teams/1") for _ in range(20)))
                await asyncio.sleep(0.05)


async def test_reads_that_a_copy_cancels(servers: list[Postgres]) -> None:
    """A read that a replica cancels, as it conflicts with replay, is served by the primary."""
    copy = servers[1]
    copy.set(max_standby_streaming_delay="'0'")
    copy.reload()
    primary = await asyncpg.connect(servers[0].url)
    async with serving_copies(servers, copy) as (app, client):
        await client.post("/teams/bulk/", json=[{"name": f"t{i}"} for i in range(10)])
        await primary.execute(
            "CREATE OR REPLACE FUNCTION slow(integer) RETURNS boolean LANGUAGE sql VOLATILE AS "
            "$$ SELECT pg_sleep(CASE WHEN pg_is_in_recovery() THEN 0.4 ELSE 0 END) IS NOT NULL $$;"
            "ALTER TABLE teams RENAME TO teams_stored;"
            "CREATE VIEW teams AS SELECT * FROM teams_stored WHERE slow(id)"
        )
        try:
            await caught_up(servers[:2])
            for path in ("/teams/?limit=10&sort=id", "/teams/stream/"):
                (before,) = reads_of(app)
                read = asyncio.create_task(client.get(path))
                await running_on(copy, read)
                await primary.execute("BEGIN; LOCK TABLE teams_stored; COMMIT")
                answer = await read
                assert answer.status_code == 200, answer.text
                rows = answer.json() if "stream" in path else answer.json()["items"]
                assert len(rows) == 10
                assert reads_of(app) == [before + 1]
        finally:
            await primary.execute("DROP VIEW teams; ALTER TABLE teams_stored RENAME TO teams")
            await primary.close()


async def running_on(server: Postgres, read: asyncio.Task[Any]) -> None:
    """Wait until a server runs a statement that takes long, for a read that has not ended."""
    connection = await asyncpg.connect(server.url)
    async with asyncio.timeout(60):
        while not read.done() and not await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        ):
            await asyncio.sleep(0.01)
    await connection.close()


async def test_failover() -> None:
    """Once a copy is made the primary, writes go there, and answers are 2xx and 503 until then."""
    with ExitStack() as stack:
        first = stack.enter_context(own_postgres())
        second = stack.enter_context(own_postgres(primary=first))
        url = (
            f"postgresql://postgres@127.0.0.1:{first.port},127.0.0.1:{second.port}/postgres"
            "?sslmode=disable&replicas=any"
        )
        async with serving_copies([first, second], url=url) as (_, client):
            position = (await create(client, "Red")).headers[POSITION]
            await caught_up([first, second])
            first.stop("immediate")
            down = await client.post("/teams/", json={"name": "Blue"})
            assert down.status_code == 503
            assert (await client.get("/teams/1")).status_code == 200
            second.promote()
            async with asyncio.timeout(60):
                while (
                    again := await client.post("/teams/", json={"name": "Blue"})
                ).status_code != 201:
                    assert again.status_code == 503
            for known in (position, again.headers[POSITION]):
                seen = await client.get("/teams/1", headers={POSITION: known})
                assert seen.status_code == 200


async def test_health_and_metrics(servers: list[Postgres]) -> None:
    """Readiness and metrics tell of each copy, and are well while one is away."""
    async with serving_copies(servers, *servers[1:], metrics=True) as (_, client):
        names = [f"127.0.0.1:{copy.port}" for copy in servers[1:]]
        ready = (await client.get("/health/ready")).json()
        assert [told["server"] for told in ready["replicas"]] == names
        assert {told["status"] for told in ready["replicas"]} == {"ok"}
        assert all(told["lag_bytes"] >= 0 for told in ready["replicas"])
        servers[1].stop("immediate")
        try:
            async with asyncio.timeout(60):
                while (told := (await client.get("/health/ready")).json())["replicas"][0][
                    "status"
                ] == "ok":
                    assert (await client.get("/teams/")).status_code == 200
                    await asyncio.sleep(0.05)
            assert told["status"] == "ok"
            page = (await client.get("/metrics")).text
            assert f'modelwire_replica_up{{server="{names[0]}"}} 0.0' in page
            assert f'modelwire_replica_up{{server="{names[1]}"}} 1.0' in page
        finally:
            servers[1].start()


async def test_metrics_of_several_workers(servers: list[Postgres]) -> None:
    """Of a copy that is away, and of one that never was there, no worker's page shows a lag."""
    copy, port = servers[1], find_port()
    copies = f"{copy.url} postgresql://postgres@127.0.0.1:{port}/postgres"
    environment = {"MODELWIRE_METRICS": "true", "MODELWIRE_REPLICA_URLS": copies}
    with serving(servers[0].url, "--workers", "2", **environment) as service:
        async with httpx2.AsyncClient(base_url=service.address, timeout=60) as client:

            async def wait_until(up: str) -> None:
                lag = f'modelwire_replica_lag_bytes{{server="127.0.0.1:{copy.port}"}}'
                is_up = f'modelwire_replica_up{{server="127.0.0.1:{copy.port}"}} {up}\n'
                async with asyncio.timeout(60):
                    while True:
                        assert (await client.get("/teams/")).status_code == 200
                        page = (await client.get("/metrics")).text
                        told = re.search(f"{re.escape(lag)} (.*)", page)
                        if is_up in page and told and (told[1] == "NaN") == (up == "0.0"):
                            break
                        await asyncio.sleep(0.05)
                never = f'{{server="127.0.0.1:{port}"}}'
                assert f"modelwire_replica_up{never} 0.0\n" in page
                assert f"modelwire_replica_lag_bytes{never} NaN\n" in page

            await wait_until("1.0")
            copy.stop("immediate")
            try:
                await wait_until("0.0")
            finally:
                copy.start()
            await wait_until("1.0")


async def test_durability(servers: list[Postgres], monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that needs synchronous commits does not start without them."""
    monkeypatch.setenv("MODELWIRE_DURABILITY", "quorum")
    primary = servers[0]
    database = Database(primary.url)
    with pytest.raises(Unavailable, match="COMMIT waits for no standby"):
        async with database.lifespan(FastAPI()):
            raise AssertionError("It has started")
    primary.set(synchronous_standby_names="'ANY 1 (*)'")
    primary.reload()
    try:
        app = FastAPI(lifespan=database.lifespan)
        mount(app, database, *LEAGUE)
        async with app.router.lifespan_context(app), open_client(app) as client:
            async with asyncio.timeout(60):
                while (await client.get("/health/ready")).status_code != 200:
                    await asyncio.sleep(0.05)
            primary.set(synchronous_commit="'local'")
            primary.reload()
            async with asyncio.timeout(60):
                while (answer := await client.get("/health/ready")).status_code == 200:
                    await asyncio.sleep(0.05)
            assert "synchronous_commit" in read_problem(answer, 503, "unavailable")["detail"]
    finally:
        primary.set(synchronous_standby_names="''", synchronous_commit="'on'")
        primary.reload()


def test_copies_of_what_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has neither copies nor standbys, which is said at once."""
    with pytest.raises(ConfigurationError, match="PostgreSQL only"):
        Database("sqlite://", replica_urls="postgresql://a/b")
    monkeypatch.setenv("MODELWIRE_DURABILITY", "quorum")
    with pytest.raises(ConfigurationError, match="only PostgreSQL has standbys"):
        Database("sqlite://")


@pytest.mark.long
async def test_many_clients_on_late_copies(figure: Figure) -> None:
    """Of fifty clients that write and read back, none misses its own or sees less than before."""
    with ExitStack() as stack:
        primary = stack.enter_context(own_postgres(max_connections="100"))
        copies = [stack.enter_context(own_postgres(primary=primary)) for _ in range(3)]
        servers = [primary, *copies]
        async with serving_copies(servers, *copies) as (app, client):
            for copy, seconds in zip(copies, (0, 1, 5), strict=True):
                lag(copy, seconds)
            missed = 0

            async def work(number: int) -> None:
                nonlocal missed
                position, seen = "0/0", 0
                for turn in range(20):
                    written = await create(client, f"{number}.{turn}")
                    key, position = written.json()["id"], written.headers[POSITION]
                    missed += (await client.get(f"/teams/{key}")).status_code == 404
                    for _ in range(3):
                        told = {POSITION: position}
                        assert (await client.get(f"/teams/{key}", headers=told)).status_code == 200
                        page = await client.get("/teams/?limit=1", headers=told)
                        position, total = page.headers[POSITION], page.json()["total"]
                        assert total >= seen
                        seen = total

            await asyncio.gather(*(work(number) for number in range(50)))
            figure("share of reads without a position that missed a write", missed / 1000)
            figure("reads of each copy", reads_of(app))
            assert missed > 0
