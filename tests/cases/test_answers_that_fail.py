"""A row that can't be serialised is not stored: the response is written before the commit."""

import logging
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, computed_field, field_serializer, field_validator
from sqlalchemy import Column, Integer, TypeDecorator, select
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Database, Resource
from tests.conftest import empty_tables
from tests.examples import examples
from tests.http.problems import read_problem
from tests.lanes import LANES
from tests.worlds import World, make_world_fixture, on_lanes

BAD = 0
"""The value of `b` that can't be shown."""


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Group(Base, table=True):
    __tablename__ = "groups"

    id: int | None = Field(default=None, primary_key=True)
    ratios: list["Ratio"] = Relationship(back_populates="group")
    serialized: list["Serialized"] = Relationship(back_populates="group")
    validated: list["Validated"] = Relationship(back_populates="group")


class Ratio(Base, table=True):
    """A computed field that can't be computed."""

    __tablename__ = "ratios"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    b: int = 1
    group_id: int | None = Field(default=None, foreign_key="groups.id")
    group: Group | None = Relationship(back_populates="ratios")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def value(self) -> float:
        return 1 / self.b


class Serialized(Base, table=True):
    """A serializer that raises."""

    __tablename__ = "serialized"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    b: int = 1
    group_id: int | None = Field(default=None, foreign_key="groups.id")
    group: Group | None = Relationship(back_populates="serialized")

    @field_serializer("b")
    def show(self, b: int) -> str:
        return {1: "one"}[b]


class Validated(Base, table=True):
    """Shown by a schema that refuses it."""

    __tablename__ = "validated"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    b: int = 1
    group_id: int | None = Field(default=None, foreign_key="groups.id")
    group: Group | None = Relationship(back_populates="validated")


class Shown(BaseModel):
    id: int
    name: str
    b: int

    @field_validator("b")
    @classmethod
    def check(cls, b: int) -> int:
        if b == BAD:
            raise ValueError("can't be shown")
        return b


class Odd(TypeDecorator[int]):
    """A type that can't read what it has written."""

    impl = Integer
    cache_ok = True

    def process_result_value(self, value: int | None, _dialect: object) -> int | None:
        if value == BAD:
            raise ArithmeticError("can't be read")
        return value


class Decorated(Base, table=True):
    __tablename__ = "decorated"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    b: int = Field(default=1, sa_column=Column(Odd, nullable=False))


PATHS = ("ratios", "serialized", "validated")
answers_world = make_world_fixture(
    "answers",
    Base.metadata,
    on_lanes(
        (
            Resource(Group, includes=PATHS, nested_writes=PATHS),
            Resource(Ratio, includes=["group"]),
            Resource(Serialized, includes=["group"]),
            Resource(Validated, includes=["group"], read_schema=Shown),
            Resource(Decorated),
        )
    ),
)


async def send(client: httpx2.AsyncClient, way: str, path: str, body: Any) -> httpx2.Response:
    """Write a row in one of the ways that there are."""
    method, url, key = "POST", f"/{path}/", None
    many = [{"name": "good", "b": 1}, body]
    headers = {}
    match way.split(" "):
        case ["create", *rest]:
            url += "?include=group" if "include" in rest else ""
            headers = {"Prefer": "return=minimal"} if "minimal" in rest else {}
            key = "k" if "key" in rest else None
        case ["change", method, *rest]:
            url += "1?include=group" if "include" in rest else "1"
            headers = {"If-Match": "*"} if "tag" in rest else {}
            key = "k" if "key" in rest else None
        case ["child"]:
            url = f"/groups/1/{path}/"
        case ["nested"]:
            url, body = f"/groups/?include={path}", {path: many}
        case ["upsert", resolution]:
            url += "bulk/?on_conflict=name"
            headers, body = {"Prefer": f"resolution={resolution}"}, many
        case ["bulk", *rest]:
            url += "bulk/?atomic=false" if "each" in rest else "bulk/"
            key, body = ("k" if "key" in rest else None), many
        case ["patches", *rest]:
            method, body = "PATCH", [{"id": 2, "b": 1}, {"id": 1, **body}]
            url += "bulk/?atomic=false" if "each" in rest else "bulk/"
    if key is not None:
        headers = headers | {"Idempotency-Key": key}
    return await client.request(method, url, json=body, headers=headers)


TITLES = {"ratios": "Ratio", "serialized": "Serialized", "validated": "Validated"}

WAYS = (
    "create",
    "create include",
    "create minimal",
    "create key",
    "change PUT",
    "change PATCH",
    "change PATCH key",
    "change PUT include",
    "change PATCH tag",
    "child",
    "nested",
    "upsert merge-duplicates",
    "upsert ignore-duplicates",
    "bulk",
    "bulk each",
    "bulk key",
    "patches",
    "patches each",
)


async def read_all(database: Database) -> list[Any]:
    """Every row of every table, as the database has it."""
    found = []
    async with database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            columns = [c for c in table.columns if not isinstance(c.type, Odd)]
            numbers = [column.cast(Integer) for column in table.columns if column not in columns]
            rows = await connection.execute(select(*columns, *numbers).order_by(table.c.id))
            found.append([tuple(row) for row in rows])
    return found


async def prepare(world: World, path: str, lane: str) -> httpx2.AsyncClient:
    await empty_tables(world.database)
    client = world.clients[lane]
    await client.post("/groups/", json={})
    first = [{"name": "a", "group_id": 1}, {"name": "b"}]
    assert (await client.post(f"/{path}/bulk/", json=first)).status_code == 201
    return client


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("way", WAYS)
async def test_answer_that_fails(answers_world: World, lane: str, path: str, way: str) -> None:
    """A row that can't be shown is 500, and nothing is stored: not even a key."""
    client = await prepare(answers_world, path, lane)
    before = await read_all(answers_world.database)
    for _ in range(2):
        answer = await send(client, way, path, {"name": "c", "b": BAD})
        problem = read_problem(answer, 500, "invalid_row")
        # What writes a row writes those that it includes.
        title = "Group" if way == "nested" and path != "validated" else TITLES[path]
        assert problem["detail"].startswith(f"{title} can't be shown"), problem
        assert "idempotency-replayed" not in answer.headers
        assert await read_all(answers_world.database) == before
    answer = await send(client, way, path, {"name": "c", "b": 1})
    if "key" in way:
        # Nothing has come with this key before.
        assert answer.is_success, answer.text


@pytest.mark.parametrize("lane", LANES)
async def test_type_that_fails(answers_world: World, lane: str) -> None:
    """A value that its own type can't read is stored, and shown as text as in every read."""
    await empty_tables(answers_world.database)
    client = answers_world.clients[lane]
    created = await client.post("/decorated/", json={"name": "c", "b": BAD})
    assert (created.status_code, created.json()["b"]) == (201, str(BAD))
    read = await client.get("/decorated/1")
    assert (read.content, read.headers["etag"]) == (created.content, created.headers["etag"])
    assert (await client.get("/decorated/")).json()["items"] == [created.json()]
    mended = await client.patch("/decorated/1", json={"b": 1})
    assert mended.json()["b"] == 1


@pytest.mark.parametrize("lane", LANES)
@examples(150, quick=12)
@given(data=st.data())
async def test_random_writes(answers_world: World, lane: str, data: st.DataObject) -> None:
    """After each write there is either an answer or what there was before."""
    path = data.draw(st.sampled_from(PATHS))
    client = await prepare(answers_world, path, lane)
    for index in range(5):
        way, b = data.draw(st.sampled_from(WAYS)), data.draw(st.sampled_from([BAD, 1, 1]))
        before = await read_all(answers_world.database)
        answer = await send(client, way, path, {"name": f"c{index}", "b": b})
        assert answer.is_success or answer.status_code in (400, 422, 500), answer.text
        if not answer.is_success:
            assert await read_all(answers_world.database) == before
        elif "key" not in way:
            assert b != BAD


async def test_what_is_logged(
    answers_world: World, lane: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the function that fails, and has nothing that its error says: the value."""
    await empty_tables(answers_world.database)
    with caplog.at_level(logging.INFO, logger="modelwire"):
        body = {"name": "good", "b": 777001}
        answer = await answers_world.clients[lane].post("/serialized/", json=body)
    read_problem(answer, 500, "invalid_row")
    assert "SerializedRead can't write a stored row of serialized: show (KeyError)" in caplog.text
    assert "777001" not in answer.text + caplog.text
