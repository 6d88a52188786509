"""Triggers that change the keys of rows: whatever the way of writing, no request fails by them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Database, Hooks, Policy, Resource, everyone
from tests.conftest import empty_tables
from tests.http.problems import read_problem
from tests.worlds import World, make_world_fixture, on_lanes

pytestmark = pytest.mark.both_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Moved(Base, table=True):
    """A row that is marked is given another key by the database."""

    __tablename__ = "moved"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    note: str | None = None


class Guarded(Base, table=True):
    """The same, under a policy and with hooks, which look rows up before they are changed."""

    __tablename__ = "moved_guarded"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    note: str | None = None


RESOURCES = (
    Resource(Moved),
    Resource(
        Guarded,
        policy=Policy(read=everyone, update=Guarded.id > 0),  # type: ignore[operator]
        hooks=Hooks(before_update=[lambda _: None]),
    ),
)
moved_world = make_world_fixture("moved", Base.metadata, on_lanes(RESOURCES))

TABLES = ("moved", "moved_guarded")


def _make(dialect: str, table: str) -> str:
    if dialect == "sqlite":
        return (
            f"CREATE TRIGGER move_{table} AFTER UPDATE ON {table} WHEN NEW.note = 'moves' BEGIN "
            f"UPDATE {table} SET id = NEW.id + 100 WHERE id = NEW.id; END"
        )
    return (
        f"CREATE FUNCTION move_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.note = 'moves' THEN NEW.id := NEW.id + 100; END IF; RETURN NEW; END $$; "
        f"CREATE TRIGGER move_{table} BEFORE UPDATE ON {table} FOR EACH ROW "
        f"EXECUTE FUNCTION move_{table}()"
    )


def _drop(dialect: str, table: str) -> str:
    if dialect == "sqlite":
        return f"DROP TRIGGER move_{table}"
    return f"DROP FUNCTION move_{table} CASCADE"


async def run(database: Database, script: str) -> None:
    async with database.engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        await (raw.execute if database.dialect == "postgresql" else raw.executescript)(script)


@pytest.fixture
async def client(moved_world: World, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    database = moved_world.database
    await empty_tables(database)
    await run(database, ";".join(_make(database.dialect, table) for table in TABLES))
    yield moved_world.clients[lane]
    await run(database, ";".join(_drop(database.dialect, table) for table in TABLES))


CHANGE = {"note": "moves"}
KEPT = {"note": "stays"}
WAYS: dict[str, tuple[str, str, Any]] = {
    "one": ("PATCH", "/1", CHANGE),
    "one, by PUT": ("PUT", "/1", CHANGE),
    "many": ("PATCH", "/bulk/", [{"id": 1} | CHANGE, {"id": 2} | CHANGE]),
    "one of many": ("PATCH", "/bulk/", [{"id": 2} | KEPT, {"id": 1} | CHANGE]),
    "each for itself": ("PATCH", "/bulk/?atomic=false", [{"id": 1} | CHANGE, {"id": 2} | KEPT]),
    "upsert": ("POST", "/bulk/?on_conflict=code", [{"code": c} | CHANGE for c in "ab"]),
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("way", WAYS)
async def test_rows_with_changed_keys(client: httpx2.AsyncClient, way: str, table: str) -> None:
    """They are changed, and answered in the order of the request."""
    method, path, body = WAYS[way]
    await client.post(f"/{table}/bulk/", json=[{"code": code} for code in "abc"])
    answer = await client.request(method, f"/{table}{path}", json=body)
    assert answer.is_success, answer.text
    rows = answer.json()
    rows = rows.get("items", [rows]) if isinstance(rows, dict) else rows
    rows = [row.get("item", row) for row in rows]
    asked = body if isinstance(body, list) else [body]
    assert [row["note"] for row in rows] == [row["note"] for row in asked]
    given = ["abc".find(row["code"]) + 1 for row in rows]
    assert given == [row.get("id", i + 1) for i, row in enumerate(asked)]
    stored = (await client.get(f"/{table}/?sort=code")).json()["items"]
    moved = {row["code"] for row in rows if row["note"] == "moves"}
    assert [row["id"] > 100 for row in stored] == [code in moved for code in "abc"]


async def test_many_by_a_filter(client: httpx2.AsyncClient, moved_world: World) -> None:
    """A change of all rows that match is not repeated row by row, so PostgreSQL's trigger, which
    runs before the rows are returned, counts as one that refuses them."""
    await client.post("/moved/bulk/", json=[{"code": code} for code in "abc"])
    headers = {"Prefer": "max-affected=5"}
    answer = await client.patch("/moved/?code__in=a,b", json=CHANGE, headers=headers)
    moves = moved_world.database.dialect == "sqlite"
    if moves:
        assert answer.json() == {"affected": 2}
    else:
        read_problem(answer, 422, "refused")
    stored = (await client.get("/moved/?sort=code")).json()["items"]
    assert [row["id"] > 100 for row in stored] == [moves, moves, False]
