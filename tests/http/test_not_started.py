"""An application whose server runs no lifespan: nothing has seen to its tables."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import text
from sqlmodel import select

from examples.league import Player, Team
from modelwire import Database, Resource, SessionDep
from tests.conftest import create_postgres_database, make_app, open_client
from tests.http.problems import read_problem
from tests.lanes import DIALECTS

PATHS = ("/teams/", "/teams/1", "/teams/stream/", "/teams/?include=players", "/own")


@pytest_asyncio.fixture(params=DIALECTS)
async def fresh(
    request: pytest.FixtureRequest, tmp_path: Path, worker_id: str
) -> AsyncIterator[Database]:
    """An empty database."""
    url = f"sqlite:///{tmp_path}/fresh.db"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = await create_postgres_database(server, f"modelwire_fresh_{worker_id}")
    database = Database(url)
    yield database
    await database.close_db()


@pytest.fixture
def app(fresh: Database, lane: str) -> FastAPI:
    app = make_app(fresh, lane, (Resource(Team, includes=["players"]), Resource(Player)), {})

    @app.get("/own")
    async def own(session: SessionDep) -> int:
        return len((await session.exec(select(Team))).all())

    return app


async def test_readiness_says_why(app: FastAPI) -> None:
    """The process lives and is not ready, and names the tables and what was to create them."""
    async with open_client(app) as client:
        assert (await client.get("/health")).status_code == 200
        problem = read_problem(await client.get("/health/ready"), 503, "unavailable")
    assert "tables (teams, players) are missing" in problem["detail"]
    assert "lifespan" in problem["detail"]


async def test_requests_come_too_early(app: FastAPI) -> None:
    """Requests that need a table are 503, with a time to retry; none is created for them."""
    async with open_client(app) as client:
        answers = [await client.get(path) for path in PATHS]
        answers.append(await client.post("/teams/", json={"name": "Reds"}))
        for answer in answers:
            problem = read_problem(answer, 503, "unavailable")
            assert "was not started" in problem["detail"]
            assert int(answer.headers["retry-after"]) > 0
        assert (await client.get("/teams/?nope=1")).status_code == 422


async def test_table_of_nobody(app: FastAPI) -> None:
    """A table that no model has is missing for good: that is an error."""

    @app.get("/nobody")
    async def nobody(session: SessionDep) -> None:
        await session.exec(text("SELECT 1 FROM nowhere"))  # type: ignore[call-overload]

    async with open_client(app) as client:
        read_problem(await client.get("/nobody"), 500, "database_error")


async def test_tables_created_by_others(app: FastAPI, fresh: Database) -> None:
    """With existing tables, as by migrations, requests work without a start-up."""
    other = Database(fresh.settings.database_url.get_secret_value())
    await other.init_db()
    await other.close_db()
    async with open_client(app) as client:
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.post("/teams/", json={"name": "Reds"})).status_code == 201
        assert (await client.get("/teams/1")).json()["name"] == "Reds"
        _check_all_well([await client.get(path) for path in PATHS])


def _check_all_well(answers: list[httpx2.Response]) -> None:
    assert {answer.status_code for answer in answers} == {200}


async def test_missing_after_start(app: FastAPI, fresh: Database) -> None:
    """A table that goes missing later is the database's error, as ever."""
    await fresh.init_db()
    async with fresh.engine.begin() as connection:
        await connection.run_sync(Player.__table__.drop)  # type: ignore[attr-defined]
    async with open_client(app) as client:
        read_problem(await client.get("/players/"), 500, "database_error")
        assert (await client.get("/health/ready")).status_code == 200
