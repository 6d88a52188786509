"""Columns that are compared as values have indexes of their values on SQLite."""

import logging
import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource
from tests.conftest import make_app, open_client


class Base(SQLModel, registry=registry()):
    """The base of the tables of these tests."""


class Visit(Base, table=True):
    """Instants in an index, and in a key together with an integer."""

    __tablename__ = "visits"
    __table_args__ = (UniqueConstraint("room", "left"),)

    id: int | None = Field(default=None, primary_key=True)
    came: datetime = Field(index=True)
    room: int
    left: datetime


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database of 2000 visits; past the service half of the instants are spelled otherwise."""
    database = Database(f"sqlite:///{tmp_path}/visits.db", metadata=Base.metadata)
    await database.init_db()
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
            "INSERT INTO visits (came, room, left) SELECT CASE i % 2 WHEN 0 "
            "THEN strftime('%Y-%m-%d %H:%M:%f000', i * 1000, 'unixepoch') "
            "ELSE strftime('%Y-%m-%dT%H:%M:%SZ', i * 1000, 'unixepoch') END, i % 5, "
            "datetime(i * 1000, 'unixepoch') FROM n"
        )
        await connection.exec_driver_sql("ANALYZE")
    yield database
    await database.close_db()


@pytest_asyncio.fixture
async def client(database: Database, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on either lane."""
    async with open_client(make_app(database, lane, (Resource(Visit),), {})) as client:
        yield client


async def plan_of(database: Database, sql: str) -> str:
    """Return SQLite's plan of a statement, whatever its parameters are."""
    async with database.engine.connect() as connection:
        values = (None,) * re.sub(r"'[^']*'", "", sql).count("?")
        rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
        return "\n".join(row[-1] for row in rows)


@pytest.mark.parametrize(
    ("url", "index"),
    [
        ("?came=1970-01-02T00:00:00Z&count=none", "visits_came_values"),
        ("?came__gt=1970-01-02T00:00:00Z&sort=came&count=none", "visits_came_values"),
        ("?sort=came&limit=3&cursor=", "visits_came_values"),
        ("?sort=-came&limit=3&cursor=", "visits_came_values"),
        ("?room=3&left__lt=1970-01-02T00:00:00Z&count=none", "visits_room_left_values"),
    ],
)
async def test_used(
    database: Database, client: httpx2.AsyncClient, statements: list[str], url: str, index: str
) -> None:
    """Filters, and pages by cursor, read no more of the table than its index leads to."""
    page = await client.get(f"/visits/{url}")
    assert page.status_code == 200, page.text
    cursor = page.json().get("next")
    if cursor is not None:
        await client.get(f"/visits/{url}{cursor}")
    read = [sql for sql in statements if sql.startswith("SELECT")]
    assert read
    for sql in read:
        plan = await plan_of(database, sql)
        assert f"INDEX {index}" in plan, plan
        if "sort" in url:
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan


async def test_older_tables(tmp_path: Path) -> None:
    """Tables that are there get the indexes too, of the columns that they have."""
    database = Database(f"sqlite:///{tmp_path}/older.db", metadata=Base.metadata)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "CREATE TABLE visits (id INTEGER PRIMARY KEY, came TEXT, room INTEGER)"
        )
    for _ in range(2):
        await database.init_db()
    assert await names_of_indexes(database) == ["visits_came_values"]
    await database.close_db()


async def test_views(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A view in the place of a table has no indexes, and nobody is told so."""
    database = Database(f"sqlite:///{tmp_path}/views.db", metadata=Base.metadata)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "CREATE VIEW visits AS SELECT 1 AS id, '2026-01-31' AS came, 1 AS room, '' AS \"left\""
        )
    with caplog.at_level(logging.WARNING, "modelwire"):
        await database.init_db()
    assert await names_of_indexes(database) == []
    assert not caplog.messages
    await database.close_db()


async def test_not_possible(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The service starts without an index that can't be created, and says how to create it."""
    database = Database(f"sqlite:///{tmp_path}/taken.db", metadata=Base.metadata)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE visits_came_values (id INTEGER)")
    with caplog.at_level(logging.WARNING, "modelwire"):
        await database.init_db()
    assert await names_of_indexes(database) == ["visits_room_left_values"]
    (line,) = caplog.messages
    assert "visits" in line
    assert "CREATE INDEX" in line
    await database.close_db()


async def names_of_indexes(database: Database) -> list[str]:
    """The names of the indexes of values."""
    async with database.engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE '%!_values' "
            "ESCAPE '!' ORDER BY name"
        )
        return [row[0] for row in rows]


async def test_file_that_may_not_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The start goes on without indexes, also on a connection so old that it is replaced first."""
    path = tmp_path / "read.db"
    writable = Database(f"sqlite:///{path}")
    async with writable.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await writable.close_db()
    database = Database(f"sqlite:///file:{path}?mode=ro&uri=true", metadata=Base.metadata)
    raw = await raw_connection(database)
    raw._opened_s -= 60
    await database.init_db()
    assert raw is not await raw_connection(database)
    assert "an index can't be created" in caplog.text
    await database.close_db()


async def raw_connection(database: Database) -> Any:
    async with database.engine.connect() as connection:
        return (await connection.get_raw_connection()).driver_connection
