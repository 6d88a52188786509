"""Clients that go away or stand still: nothing of theirs stays behind."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
import pytest_asyncio
from fastapi import Depends, FastAPI
from sqlalchemy import text

from modelwire import Database, SessionDep, mount
from modelwire.pipeline import STREAM_BATCH
from tests.conftest import LANES, LEAGUE, empty_tables, use_sessions
from tests.live.conftest import serve_app
from tests.live.measure_stream import fill

from .conftest import Figure

Serve = Callable[[FastAPI], Awaitable[int]]
DIALECTS = ["sqlite", "postgresql"]

# A filter that takes seconds on either database: it is what a client waits for.
SLOW = {
    "postgresql": "CREATE OR REPLACE VIEW slow_rows AS SELECT pg_sleep(20) IS NULL AS id",
    "sqlite": None,
}


@pytest_asyncio.fixture(params=DIALECTS)
async def own(request: pytest.FixtureRequest, databases: dict[str, Database]) -> AsyncIterator[Database]:
    """A pool of five of this test's own, on empty tables of either database."""
    shared = databases[request.param]
    await empty_tables(shared)
    database = Database(shared.settings.database_url.get_secret_value(), pool_size=5)
    yield database
    await database.close_db()


def checked_out(database: Database) -> int:
    return int(database.engine.pool.checkedout())  # type: ignore[attr-defined]


async def within(limit_s: float, condition: Callable[[], Awaitable[bool]]) -> float:
    """Seconds until something holds; fails after a limit."""
    begun = time.monotonic()
    async with asyncio.timeout(limit_s):
        while not await condition():
            await asyncio.sleep(0.01)
    return time.monotonic() - begun


async def open_request(
    port: int, path: str, head: str = "", method: str = "GET"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: test\r\n{head}\r\n".encode())
    await writer.drain()
    return reader, writer


class Locked:
    """A row of PostgreSQL, or the whole file of SQLite, that a statement has to wait for."""


SLOW_SQL = {
    "postgresql": "SELECT pg_sleep(20)",
    "sqlite": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000000) "
        "SELECT count(*) FROM n"
    ),
}


def make_slow_app(database: Database, lane: str) -> FastAPI:
    """A league whose list of teams reads a view that takes long."""
    app = FastAPI()
    mount(app, database, *LEAGUE)
    if lane == "session":
        use_sessions(app, database)
    return app


async def make_teams_slow(database: Database) -> None:
    """Let each read of the teams take many seconds."""
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE teams RENAME TO teams_stored")
        slow = SLOW_SQL[database.dialect].removeprefix("SELECT ")
        source = f"({SLOW_SQL[database.dialect]})"
        await connection.exec_driver_sql(
            f"CREATE VIEW teams AS SELECT id, name, city FROM teams_stored WHERE {source} IS NOT NULL"
        )


async def make_teams_fast(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("DROP VIEW teams")
        await connection.exec_driver_sql("ALTER TABLE teams_stored RENAME TO teams")
