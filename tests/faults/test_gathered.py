"""Faults of a statement that many requests wait for, and of those requests."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from modelwire import Database, mount
from tests.conftest import LEAGUE, PATIENT, open_client
from tests.http.rows import store_users
from tests.pools import eventually_free

from .conftest import OpenDatabase

GATHERED = "modelwire_asked"
KEYS = range(1, 9)


def serve(database: Database) -> FastAPI:
    app = FastAPI()
    mount(app, database, *LEAGUE)
    return app


async def connect(database: Database) -> asyncpg.Connection:
    return await asyncpg.connect(database.settings.database_url.get_secret_value())


@asynccontextmanager
async def locked(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """Lock the users, so that every statement that reads them waits; yields another connection."""
    holder, other = await connect(database), await connect(database)
    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            yield other
    finally:
        await holder.close()
        await other.close()


async def waiting(other: asyncpg.Connection, count: int) -> list[int]:
    """The processes of statements for many rows that wait for the lock, once there are some."""
    query = (
        "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1"
        " AND datname = current_database()"
    )
    async with asyncio.timeout(60):
        while len(found := await other.fetch(query, f"%{GATHERED}%")) < count:
            await asyncio.sleep(0.02)
    return [row[0] for row in found]


def read_all(client: httpx2.AsyncClient) -> list[asyncio.Task[Any]]:
    return [asyncio.ensure_future(client.get(f"/users/{key}")) for key in KEYS]


async def check_rows(tasks: list[asyncio.Task[Any]]) -> None:
    answers = await asyncio.gather(*tasks)
    assert [answer.json().get("id") for answer in answers] == [*KEYS]


@pytest.mark.parametrize("end", ["pg_terminate_backend", "pg_cancel_backend"])
async def test_ended_statement(open_database: OpenDatabase, end: str) -> None:
    """A shared statement that is cancelled or loses its connection is rerun for each request."""
    database = open_database("postgresql", **PATIENT)
    await store_users(database, **{f"u{key}": None for key in KEYS})
    async with open_client(serve(database)) as client:
        async with locked(database) as other:
            tasks = read_all(client)
            for pid in await waiting(other, 1):
                assert await other.fetchval(f"SELECT {end}($1)", pid)
            await asyncio.sleep(0.1)
        await check_rows(tasks)
    await eventually_free(database)


async def test_nobody_waits_for_a_statement_that_hangs(open_database: OpenDatabase) -> None:
    """One that is not answered holds up those that came with it, not those that come later."""
    database = open_database("postgresql", **PATIENT)
    await store_users(database, **{f"u{key}": None for key in KEYS})
    async with open_client(serve(database)) as client:
        async with locked(database) as other:
            first = read_all(client)
            await waiting(other, 1)
            second = read_all(client)
            await waiting(other, 2)
        await check_rows(first)
        await check_rows(second)
    await eventually_free(database)


@pytest.mark.parametrize("limit", ["read_timeout_s", "request_timeout_s"])
async def test_each_has_its_limits(
    open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """A request that waits with others has its own timeout, or little more."""
    settings = dict(PATIENT)
    settings.pop(limit, None)
    monkeypatch.setenv(f"MODELWIRE_{limit.upper()}", "0.5")
    database = open_database("postgresql", **settings)
    await store_users(database, **{f"u{key}": None for key in KEYS})
    async with open_client(serve(database)) as client, locked(database):
        alone = await client.get("/users/1")
        begun = time.monotonic()
        answers = await asyncio.gather(*read_all(client))
        assert {(a.status_code, a.json()["code"]) for a in answers} == {
            (alone.status_code, alone.json()["code"])
        }
        # Each is tried once more by itself, after what it waited for was ended.
        assert time.monotonic() - begun < 10
    await eventually_free(database)


async def test_what_nobody_waits_for_is_ended(open_database: OpenDatabase) -> None:
    """A shared statement is cancelled when its requests are all gone; one that stays is served."""
    database = open_database("postgresql", **PATIENT)
    await store_users(database, **{f"u{key}": None for key in KEYS})
    async with open_client(serve(database)) as client:
        async with locked(database) as other:
            first, *tasks = read_all(client)
            await waiting(other, 1)
            for task in tasks[:-1]:
                task.cancel()
            await asyncio.wait(tasks[:-1])
            await asyncio.sleep(0.1)
            assert not tasks[-1].done()
        assert (await tasks[-1]).json()["id"] == KEYS[-1]
        assert (await first).json()["id"] == KEYS[0]
        async with locked(database) as other:
            tasks = read_all(client)
            await waiting(other, 1)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await eventually_free(database)
