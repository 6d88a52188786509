"""One database in several event loops, one after another or at once."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from modelwire import Database, mount
from tests.conftest import LEAGUE, empty_tables, use_sessions
from tests.lanes import DIALECTS


@pytest.fixture(params=DIALECTS)
def database(
    request: pytest.FixtureRequest, postgres_url: str, tmp_path: Path
) -> Iterator[Database]:
    """A database that nothing has used yet, with a pool of two."""
    url = postgres_url if request.param == "postgresql" else f"sqlite:///{tmp_path}/loops.db"
    database = Database(url, pool_size=2, pool_timeout_s=2)
    asyncio.run(prepare(database))
    yield database
    asyncio.run(database.close_db())
    gc.collect()  # what warns of a connection left open fails the test that left it


async def prepare(database: Database) -> None:
    await database.init_db()
    await empty_tables(database)


@pytest.fixture
def app(database: Database, lane: str) -> FastAPI:
    app = FastAPI()
    mount(app, database, *LEAGUE)
    if lane == "session":
        use_sessions(app, database)
    return app


def test_client_that_is_not_entered(app: FastAPI) -> None:
    """A TestClient that was not entered runs each request in a loop of its own."""
    client = TestClient(app)
    for number in range(8):
        assert client.post("/teams/", json={"name": f"{number}"}).status_code == 201
        answer = client.get("/teams/?cursor=&limit=100")
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["items"]) == number + 1


def test_several_connections_of_a_loop_that_has_ended(app: FastAPI, database: Database) -> None:
    """All connections of a loop that has ended are replaced, at whichever time they are asked."""

    async def hold_all() -> None:
        async with database.engine.connect() as one, database.engine.connect() as other:
            for connection in (one, other):
                await connection.exec_driver_sql("SELECT 1")

    for _ in range(3):
        asyncio.run(hold_all())
        with TestClient(app) as client:
            assert client.get("/teams/").status_code == 200


def test_loop_that_ends_before_a_statement_does(app: FastAPI, database: Database) -> None:
    """A statement left running by a closed event loop holds up no other loop."""

    async def leave_running() -> None:
        async def run() -> None:
            async with database.engine.connect() as connection:
                await connection.exec_driver_sql(LONG[database.dialect])

        task = asyncio.create_task(run())
        await asyncio.sleep(0.3)
        task.cancel()

    for _ in range(3):
        asyncio.run(leave_running())
        client = TestClient(app)
        for _ in range(3):
            assert client.get("/teams/").status_code == 200


LONG = {
    "postgresql": "SELECT pg_sleep(3)",
    "sqlite": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000000) "
        "SELECT count(*) FROM n"
    ),
}


# A loop that ends just when it is told to close a connection leaves that to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_loops_at_once(app: FastAPI) -> None:
    """Two loops that use a database at once both get right answers."""
    failures: list[Any] = []

    def ask(number: int) -> None:
        client = TestClient(app)
        for turn in range(10):
            made = client.post("/teams/", json={"name": f"{number} {turn}"})
            read = client.get("/teams/")
            failures.extend(a.text for a in (made, read) if a.status_code >= 400)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert TestClient(app).get("/teams/").json()["total"] == 20
