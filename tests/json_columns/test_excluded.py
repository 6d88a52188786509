"""Parts that an annotation excludes, in documents that were stored by other code."""

import json
from typing import Annotated, Any, NotRequired

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, field_serializer
from pydantic.dataclasses import dataclass
from sqlalchemy import JSON, Column, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel
from typing_extensions import TypedDict

from modelwire import Changes, Database, Resource, SessionDep, shown
from modelwire.catalog.document_types import excluder_of
from tests.conftest import empty_tables
from tests.http.problems import read_problem
from tests.worlds import Makers, World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Tables of their own."""


class Lock(BaseModel):
    name: str = ""
    code: str | None = Field(default=None, exclude=True)


class Chest(BaseModel):
    lid: str = ""
    code: str | None = Field(default=None, exclude=True)


class Door(BaseModel):
    knob: str = ""
    sign: str | None = Field(default=None, exclude=True)


@dataclass
class Vault:
    size: int = 0
    code: str = Field(default="", exclude=True)


class Safe(TypedDict):
    size: int
    code: NotRequired[Annotated[str, Field(exclude=True)]]


class Open(BaseModel, extra="allow"):
    code: str | None = Field(default=None, alias="theCode", exclude=True)


class Room(BaseModel):
    colour: str = ""
    code: str | None = Field(default=None, exclude=True)
    lock: Lock | None = None
    locks: list[Lock] = []
    by_name: dict[str, Lock] = {}
    either: Chest | Door | None = None
    vault: Vault | None = None
    safe: Safe | None = None
    free: Open | None = None
    next: "Room | None" = None


class House(Base, table=True):
    __tablename__ = "excluded_houses"

    id: int | None = Field(default=None, primary_key=True)
    room: Room | None = Field(default=None, sa_column=Column(JSON))
    floors: list[Room] | None = Field(default=None, sa_column=Column(JSON))


class Tower(Base, table=True):
    """The same, written by Pydantic."""

    __tablename__ = "excluded_towers"

    id: int | None = Field(default=None, primary_key=True)
    room: Room | None = Field(default=None, sa_column=Column(JSON))
    floors: list[Room] | None = Field(default=None, sa_column=Column(JSON))
    height: int = 1

    @field_serializer("height")
    def show_height(self, height: int) -> str:
        return f"{height} m"


HIDDEN = "hidden"

STORED: dict[str, Any] = {
    "colour": "red",
    "code": HIDDEN,
    "lock": {"name": "a", "code": HIDDEN},
    "locks": [{"name": "b", "code": HIDDEN}, {"code": HIDDEN}],
    "by_name": {"code": {"name": "c", "code": HIDDEN}},
    "either": {"knob": "d", "code": HIDDEN, "sign": HIDDEN},
    "vault": {"size": 1, "code": HIDDEN},
    "safe": {"size": 2, "code": HIDDEN},
    "free": {"theCode": HIDDEN, "more": 1},
    "next": {"next": {"code": HIDDEN}, "unknown": [1]},
}

SHOWN = {
    "colour": "red",
    "lock": {"name": "a"},
    "locks": [{"name": "b"}, {}],
    "by_name": {"code": {"name": "c"}},
    "either": {"knob": "d"},
    "vault": {"size": 1},
    "safe": {"size": 2},
    "free": {"more": 1},
    "next": {"next": {}, "unknown": [1]},
}

PATHS = (
    *("code", "lock.code", "locks.0.code", "by_name.code.code", "either.code", "either.sign"),
    *("vault.code", "safe.code", "free.theCode", "free.code", "next.next.code"),
)


def add_own_endpoint(app: FastAPI, _: object) -> None:
    @app.get("/own/houses/{key}", response_model=shown(House))
    async def read_house(key: int, session: SessionDep) -> Any:
        return await session.get(House, key)


def make_apps(database: Database) -> Makers:
    changes = Changes(history=True, live=True)
    resources = (Resource(House, changes=changes), Resource(Tower, changes=changes))
    return on_lanes(resources, add_own_endpoint)(database)


excluding_world = make_world_fixture("excluding", Base.metadata, make_apps, keeps_log=True)


async def prepare(world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(world.database)
    client = world.clients[lane]
    values = {"room": json.dumps(STORED), "floors": json.dumps([STORED])}
    for name in ("houses", "towers"):
        assert (await client.post(f"/excluded_{name}/", json={})).status_code == 201
        async with world.database.engine.begin() as connection:
            change = text(f"UPDATE excluded_{name} SET room = :room, floors = :floors")
            await connection.execute(change, values)
    return client


@pytest.mark.parametrize("name", ["houses", "towers"])
async def test_answers(excluding_world: World, lane: str, name: str) -> None:
    client = await prepare(excluding_world, lane)
    path = f"/excluded_{name}"
    row = (await client.get(f"{path}/1")).json()
    assert (row["room"], row["floors"]) == (SHOWN, [SHOWN])
    assert (await client.get(f"{path}/")).json()["items"] == [row]
    assert (await client.get(f"{path}/?fields=room.lock")).json()["items"] == [
        {"room": {"lock": {"name": "a"}}}
    ]
    for url in ("/stream/", "/stream/?format=csv", "/1/history/", "/changes/?after=0"):
        answer = await client.get(f"{path}{url}")
        assert answer.status_code == 200, answer.text
        assert "red" in answer.text
        assert HIDDEN not in answer.text, answer.text
    if name == "houses":
        assert (await client.get("/own/houses/1")).json() == row


def test_deep() -> None:
    """Other code may have nested a document more deeply than Python's functions call each other."""
    exclude = excluder_of(Room)
    assert exclude is not None
    stored: dict[str, Any] = {}
    for _ in range(5000):
        stored = {"code": HIDDEN, "next": stored}
    shown = exclude(stored)
    for _ in range(5000):
        assert shown.keys() == {"next"}
        shown = shown["next"]


@pytest.mark.parametrize("name", ["houses", "towers"])
async def test_unreadable(excluding_world: World, lane: str, name: str) -> None:
    """A text that is no JSON is not shown: it may have such a part."""
    if excluding_world.database.dialect == "postgresql":
        pytest.skip("PostgreSQL stores no such text")
    client = await prepare(excluding_world, lane)
    async with excluding_world.database.engine.begin() as connection:
        broken = {"room": f'{{"code":"{HIDDEN}"'}
        await connection.execute(text(f"UPDATE excluded_{name} SET room = :room"), broken)
    for url in ("1", "", "stream/", "1/history/"):
        answer = await client.get(f"/excluded_{name}/{url}")
        assert answer.status_code == 200, answer.text
        assert HIDDEN not in answer.text, answer.text
    assert (await client.get(f"/excluded_{name}/1")).json()["room"] is None


@pytest.mark.parametrize("part", PATHS)
async def test_questions(excluding_world: World, lane: str, part: str) -> None:
    """No path leads there, as none leads to a name that is not declared."""
    client = await prepare(excluding_world, lane)
    for start in ("room", "floors.0"):
        for query in (f"{start}.{part}={HIDDEN}", f"sort={start}.{part}", f"fields={start}.{part}"):
            read_problem(await client.get(f"/excluded_houses/?{query}"), 422, "invalid")
        sums = await client.get(f"/excluded_houses/aggregate?group={start}.{part}")
        read_problem(sums, 422, "invalid")
