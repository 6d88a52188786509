"""PgBouncer in transaction mode: everything works by one setting."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from examples.league import Team
from modelwire import Database, RequestError, UnitOfWorkDep, mount
from tests.conftest import LEAGUE, ZOO, open_client, use_sessions
from tests.lanes import LANES

from .servers import Postgres, find_port

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")

CONFIG = """
[databases]
* = host=127.0.0.1 port={postgres}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
logfile = {directory}/log
"""


@pytest.fixture(scope="module")
def pooled_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a PgBouncer that shares three connections among all who come."""
    directory = Path(tempfile.mkdtemp(prefix="modelwire-pgbouncer-"))
    directory.chmod(0o777)
    port = find_port()
    config = directory / "pgbouncer.ini"
    text = CONFIG.format(postgres=postgres.port, port=port, directory=directory)
    text = text.replace("host=127.0.0.1", "host=127.0.0.1 user=postgres")
    config.write_text(text)
    user = "nobody" if os.geteuid() == 0 else None
    assert PROGRAM is not None
    process = subprocess.Popen(
        [PROGRAM, "-q", str(config)], user=user, stderr=subprocess.DEVNULL, cwd="/"
    )
    _wait_for(port, process, directory)
    yield f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable"
    process.terminate()
    process.wait(10)
    shutil.rmtree(directory)


def _wait_for(port: int, process: subprocess.Popen[bytes], directory: Path) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        assert process.poll() is None, (directory / "log").read_text()
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("PgBouncer does not listen")


@pytest_asyncio.fixture(params=LANES)
async def client(
    request: pytest.FixtureRequest, postgres: Postgres, pooled_url: str
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the league and the zoo by way of PgBouncer, with more connections than it has."""
    database = Database(pooled_url, pgbouncer=True, statement_timeout_s=1)
    await database.init_db()
    app = FastAPI()
    mount(app, database, *LEAGUE, *ZOO)
    if request.param == "session":
        use_sessions(app, database)

    @app.post("/own")
    async def own(session: UnitOfWorkDep) -> None:
        session.add(Team(name=f"own {time.monotonic_ns()}"))

    async with open_client(app) as made:
        yield made
    await database.close_db()


async def test_all_kinds_of_requests(client: httpx2.AsyncClient) -> None:
    """Many at a time create, read, list, change, stream and delete, and each gets its own rows."""

    async def live(number: int) -> None:
        name = f"{number} {time.monotonic_ns()}"
        created = await client.post("/teams/?include=players", json={"name": name})
        assert created.status_code == 201, created.text
        path = created.headers["location"]
        read = await client.get(path)
        assert (read.status_code, read.json()["name"]) == (200, name)
        listed = (
            await client.get("/teams/", params={"name__in": name, "include": "players"})
        ).json()
        assert [row["name"] for row in listed["items"]] == [name]
        assert (await client.patch(path, json={"city": "Oslo"})).json()["city"] == "Oslo"
        assert name in (await client.get("/teams/stream/?fields=name")).text
        assert (await client.post("/teams/", json={"name": name})).status_code == 400
        assert (await client.post("/own")).status_code == 200
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404

    await asyncio.gather(*(live(number) for number in range(30)))


async def test_without_the_setting(pooled_url: str) -> None:
    """Without the setting nothing works, which start-up tells."""
    database = Database(pooled_url)
    with pytest.raises(RequestError):
        await database.init_db()
    await database.close_db()


async def test_every_type(client: httpx2.AsyncClient) -> None:
    """Values of every type, enums among them, go in and come out."""
    thing = {"color": "red", "price": "1.50", "data": {"a": [1]}, "day": "2026-01-31"}
    created = await client.post("/things/", json=thing)
    assert created.status_code == 201, created.text
    found = (await client.get("/things/", params={"color__in": "red", "day": "2026-01-31"})).json()
    assert {**found["items"][0], **thing} == found["items"][0]


async def test_statement_limit(client: httpx2.AsyncClient, postgres: Postgres) -> None:
    """A statement that takes too long is ended on the server, and answered 504."""
    holder = await asyncpg.connect(postgres.url)
    async with holder.transaction():
        await holder.execute("LOCK TABLE teams")
        answer = await client.get("/teams/")
        assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
        async with asyncio.timeout(30):
            while await holder.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            ):
                await asyncio.sleep(0.05)
    await holder.close()
    assert (await client.get("/teams/")).status_code == 200


async def test_transactions_end(client: httpx2.AsyncClient, postgres: Postgres) -> None:
    """No connection of the server is left in a transaction, in error neither."""
    for path in ("/teams/", "/teams/0", "/teams/?nope=1", "/teams/?q=x&include=players"):
        await client.get(path)
    await client.post("/players/", json={"name": "x", "team_id": 10**9})
    admin = await asyncpg.connect(postgres.url)
    idle = await admin.fetchval("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'")
    await admin.close()
    assert idle == 0
