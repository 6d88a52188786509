"""Responses show what is stored, whatever triggers do once a row is written."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Database, Resource
from modelwire.execute.write import triggers
from tests.conftest import empty_tables
from tests.worlds import World, make_world_fixture, on_lanes

pytestmark = pytest.mark.both_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Paper(Base, table=True):
    """Counts its changes, and its notes."""

    __tablename__ = "papers"

    id: int | None = Field(default=None, primary_key=True)
    code: str | None = Field(default=None, unique=True)
    n: int = 0
    edits: int = 0
    notes: list["Note"] = Relationship(back_populates="paper")


class Note(Base, table=True):
    """Belongs to a paper."""

    id: int | None = Field(default=None, primary_key=True)
    text: str = ""
    paper_id: int | None = Field(default=None, foreign_key="papers.id")
    paper: Paper | None = Relationship(back_populates="notes")


class Plain(Base, table=True):
    """Has no trigger."""

    id: int | None = Field(default=None, primary_key=True)
    n: int = 0


RESOURCES = (
    Resource(Paper, nested_writes=("notes",)),
    Resource(Note, nested_writes=("paper",), includes=("paper",)),
    Resource(Plain),
)
trigger_world = make_world_fixture("triggers", Base.metadata, on_lanes(RESOURCES))

COUNT = "UPDATE papers SET edits = edits + 1 WHERE id = {}"
ON_PAPERS = COUNT.format("NEW.id")
ON_NOTES = COUNT.format("NEW.paper_id")
EVENTS = (
    ("inserted", "INSERT", "papers", ON_PAPERS),
    ("changed", "UPDATE OF n", "papers", ON_PAPERS),
    ("noted", "INSERT", "note", ON_NOTES),
)


def create_triggers(dialect: str) -> str:
    if dialect == "sqlite":
        return ";".join(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {sql}; END"
            for name, event, table, sql in EVENTS
        )
    return ";".join(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {sql}; RETURN NULL; END $$;"
        f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        for name, event, table, sql in EVENTS
    )


def drop_triggers(dialect: str) -> str:
    if dialect == "sqlite":
        return ";".join(f"DROP TRIGGER {name}" for name, *_ in EVENTS)
    return ";".join(f"DROP FUNCTION {name} CASCADE" for name, *_ in EVENTS)


async def run(database: Database, script: str) -> None:
    async with database.engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        await (raw.execute if database.dialect == "postgresql" else raw.executescript)(script)


@asynccontextmanager
async def with_triggers(database: Database) -> AsyncIterator[None]:
    """Triggers that are made while the service runs."""
    await run(database, create_triggers(database.dialect))
    yield
    await run(database, drop_triggers(database.dialect))


@pytest.fixture
async def client(
    trigger_world: World, lane: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx2.AsyncClient]:
    database = trigger_world.database
    await empty_tables(database)
    monkeypatch.setitem(vars(database), "triggers", triggers.AfterTriggers(database.engine.dialect))
    async with with_triggers(database):
        yield trigger_world.clients[lane]


async def check(client: httpx2.AsyncClient, answer: httpx2.Response, url: str) -> None:
    """Compare the answer to a write, and its tag, with what is read then."""
    assert answer.is_success, answer.text
    read = await client.get(url)
    assert (read.content, read.headers["etag"]) == (answer.content, answer.headers["etag"])


async def test_row(client: httpx2.AsyncClient) -> None:
    """A new row and each way of changing it; the tag of one answer is good for the next change."""
    created = await client.post("/papers/", json={})
    assert created.json()["edits"] == 1
    await check(client, created, "/papers/1")
    tag = created.headers["etag"]
    for method, edits in (("PATCH", 2), ("PUT", 3), ("PATCH", 4)):
        headers = {"If-Match": tag}
        changed = await client.request(method, "/papers/1", json={"n": edits}, headers=headers)
        await check(client, changed, "/papers/1")
        assert changed.json()["edits"] == edits
        tag = changed.headers["etag"]
    unconditional = await client.patch("/papers/1", json={"n": 9})
    assert unconditional.json()["edits"] == 5
    await check(client, unconditional, "/papers/1")


Write = tuple[str, str, Any]


@pytest.mark.parametrize("query", ["", "?atomic=false"])
async def test_rows(client: httpx2.AsyncClient, query: str) -> None:
    """Many rows at once, or each for itself; new ones, changed ones, and any of both."""
    first, second = {"code": "a", "n": 1}, {"code": "b", "n": 2}
    upsert = f"{query}{'&' if query else '?'}on_conflict=code"
    writes: Sequence[Write] = (
        ("POST", query, [first, second]),
        ("PATCH", query, [{"id": 2, "n": 3}, {"id": 1, "n": 4}]),
        ("POST", upsert, [{"code": "b", "n": 5}, {"code": "c", "n": 6}]),
        ("POST", upsert, [{"code": "c", "n": 7}]),
    )
    for method, parameters, rows in writes:
        answer = await client.request(method, f"/papers/bulk/{parameters}", json=rows)
        assert answer.is_success, answer.text
        body = answer.json()
        shown = [outcome["item"] for outcome in body["items"]] if "atomic" in parameters else body
        assert len(shown) == len(rows)
        for row in shown:
            assert (await client.get(f"/papers/{row['id']}")).json() == row
    assert [row["edits"] for row in (await client.get("/papers/?sort=code")).json()["items"]] == [
        2,
        3,
        2,
    ]


async def test_rows_of_each_other(client: httpx2.AsyncClient) -> None:
    """A trigger of a table whose rows are stored along changes the row that is answered."""
    created = await client.post("/papers/", json={"notes": [{"text": "x"}, {"text": "y"}]})
    assert created.json()["edits"] == 3
    await check(client, created, "/papers/1")
    above = await client.post("/note/?include=paper", json={"paper": {"n": 1}})
    assert above.json()["paper"]["edits"] == 2
    below = await client.post("/papers/1/notes/?include=paper", json={})
    assert below.json()["paper"]["edits"] == 4


async def test_row_that_is_gone(client: httpx2.AsyncClient, trigger_world: World) -> None:
    """A row that a trigger puts away is answered as it was written."""
    if trigger_world.dialect == "sqlite":
        script = (
            "DROP TRIGGER inserted; CREATE TRIGGER inserted AFTER INSERT ON papers BEGIN {} END"
        )
    else:
        script = (
            "CREATE OR REPLACE FUNCTION inserted() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN {} RETURN NULL; END $$"
        )
    await run(trigger_world.database, script.format("DELETE FROM papers WHERE id = NEW.id;"))
    created = await client.post("/papers/", json={"n": 7})
    assert (created.status_code, created.json()["n"]) == (201, 7)
    assert (await client.get(created.headers["location"])).status_code == 404


Wait = Callable[[float], None]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    """Lets time pass, without waiting; otherwise it stands still."""
    passed, now = [0.0], time.monotonic()

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return now + passed[0]

    monkeypatch.setattr(triggers, "time", Clock)

    def add(seconds: float) -> None:
        passed[0] += seconds

    return add


async def test_no_further_statement(
    client: httpx2.AsyncClient, all_statements: list[str], wait: Wait
) -> None:
    """A table without a trigger is written in as many statements as ever, but for one now and
    then; where one is found, rows are read again."""
    await client.post("/plain/", json={"n": 1})

    async def count(method: str, path: str, body: Any) -> int:
        all_statements.clear()
        assert (await client.request(method, path, json=body)).is_success
        return len(
            [sql for sql in all_statements if sql.startswith(("INSERT", "UPDATE", "SELECT"))]
        )

    assert await count("POST", "/plain/", {"n": 2}) == 1
    assert await count("PATCH", "/plain/1", {"n": 3}) == 1
    assert await count("POST", "/plain/bulk/", [{"n": 2}, {"n": 4}]) == 1
    await client.post("/papers/", json={})
    assert await count("POST", "/papers/", {}) == 2
    assert await count("POST", "/plain/", {"n": 2}) == 1
    wait(triggers.FRESH_S)
    assert await count("POST", "/plain/", {"n": 2}) == 2
    assert await count("POST", "/plain/", {"n": 2}) == 1


async def test_trigger_that_comes_late(
    trigger_world: World, lane: str, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is made between two writes is seen after some time."""
    database, client = trigger_world.database, trigger_world.clients[lane]
    await empty_tables(database)
    monkeypatch.setitem(vars(database), "triggers", triggers.AfterTriggers(database.engine.dialect))
    assert (await client.post("/papers/", json={})).json()["edits"] == 0
    async with with_triggers(database):
        wait(triggers.FRESH_S)
        assert (await client.patch("/papers/1", json={"n": 1})).json()["edits"] == 1
    wait(triggers.FRESH_S)
    assert (await client.patch("/papers/1", json={"n": 2})).json()["edits"] == 1
