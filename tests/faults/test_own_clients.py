"""Clients of the application's own endpoints that go away: their statements end."""

import asyncio
from collections import Counter
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI, Request
from sqlmodel import select

from examples.league import Team
from modelwire import Database, SessionDep, UnitOfWorkDep
from tests.lanes import DIALECTS
from tests.live.conftest import serve_app
from tests.pools import checked_out, eventually_free

from .conftest import Figure, OpenDatabase
from .slow import Slow, make_slow_app

HEAD = "Host: localhost\r\nContent-Type: application/json\r\n"


@pytest_asyncio.fixture(params=DIALECTS)
async def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def make_app(database: Database, tally: Counter[str]) -> FastAPI:
    app = await make_slow_app(database, "direct")

    @app.get("/own")
    async def read(session: SessionDep) -> int:
        tally["read"] += 1
        return (await session.exec(select(Slow))).one().id

    @app.post("/own")
    async def write(team: dict[str, Any], session: UnitOfWorkDep) -> None:
        session.add(Team(name=team["name"]))
        await session.flush()
        await session.exec(select(Slow))
        tally["went on"] += 1

    @app.post("/body")
    async def read_late(request: Request, session: SessionDep) -> int:
        (await session.exec(select(Slow))).one()
        return len(await request.body())

    return app


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_statement_ends_with_its_client(
    open_database: OpenDatabase, dialect: str, method: str, figure: Figure
) -> None:
    """A statement of an own endpoint ends when its client has gone, and nothing is stored."""
    database, tally = open_database(dialect, pool_size=1), Counter[str]()
    body = '{"name": "Red"}' if method == "POST" else ""
    async with serve_app(await make_app(database, tally)) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"{method} /own HTTP/1.1\r\n{HEAD}Content-Length: {len(body)}\r\n\r\n"
        writer.write((head + body).encode())
        await asyncio.sleep(0.8)
        assert checked_out(database) == 1
        writer.transport.abort()
        took_s = await eventually_free(database)
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            assert (await client.get("/teams/")).json()["total"] == 0
    figure("seconds until the statement has ended", took_s)
    assert took_s < 1.5
    assert tally["went on"] == 0


async def test_who_stays_is_answered(open_database: OpenDatabase, dialect: str) -> None:
    """A body that is read after a long statement is whole, and a client that stays is answered."""
    database = open_database(dialect, pool_size=1, statement_timeout_s=30)
    body = b"x" * 300_000
    app = await make_app(database, Counter())
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("DROP VIEW slow_rows")
        await connection.exec_driver_sql(f"CREATE VIEW slow_rows AS {ONE_SECOND[dialect]}")
    async with (
        serve_app(app) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        answer = await client.post("/body", content=body)
        assert (answer.status_code, answer.json()) == (200, len(body))
        assert (await client.get("/own")).status_code == 200


ONE_SECOND = {
    "postgresql": "SELECT 1 AS id FROM pg_sleep(1)",
    "sqlite": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000000) "
        "SELECT count(*) AS id FROM n"
    ),
}
