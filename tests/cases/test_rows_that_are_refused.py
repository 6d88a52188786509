"""Rows that another program has stored, and that the read schema of their resource refuses."""

import logging
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel, field_validator
from sqlalchemy import text
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Changes, Resource
from modelwire.web.responses import BrokenStream
from tests.changes.exact import clear_log
from tests.conftest import empty_tables
from tests.http.problems import read_problem
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Crew(Base, table=True):
    __tablename__ = "refused_crews"

    id: int | None = Field(default=None, primary_key=True)
    sailors: list["Sailor"] = Relationship(back_populates="crew")


class Sailor(Base, table=True):
    __tablename__ = "refused_sailors"

    id: int | None = Field(default=None, primary_key=True)
    nick_name: str
    crew_id: int | None = Field(default=None, foreign_key="refused_crews.id")
    crew: Crew | None = Relationship(back_populates="sailors")


class SailorPublic(BaseModel):
    id: int
    nick_name: str

    @field_validator("nick_name")
    @classmethod
    def _is_a_word(cls, name: str) -> str:
        if " " in name:
            raise ValueError(f"{name} is no word")
        return name.title()


refused_world = make_world_fixture(
    "refused_rows",
    Base.metadata,
    on_lanes(
        (
            Resource(Crew, includes=["sailors"]),
            Resource(
                Sailor, read_schema=SailorPublic, includes=["crew"], changes=Changes(history=True)
            ),
        )
    ),
    keeps_log=True,
)

SECRET = "long john"
"""Stored text that no message may contain."""

DETAIL = "Sailor can't be shown as it is stored: its read schema refuses nick name"
LOGGED = "SailorPublic refuses a stored row of refused_sailors: nick_name (value_error)"


async def prepare(world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(world.database)
    await clear_log(world.database)
    async with world.database.engine.begin() as connection:
        await connection.execute(text("INSERT INTO refused_crews (id) VALUES (1)"))
        for key, name in enumerate(["ann", SECRET], start=11):
            await connection.execute(
                text("INSERT INTO refused_sailors (id, nick_name, crew_id) VALUES (:i, :n, 1)"),
                {"i": key, "n": name},
            )
    return world.clients[lane]


WAYS: list[tuple[str, str, Any]] = [
    ("GET", "/refused_sailors/12", None),
    ("GET", "/refused_sailors/12?fields=id,nick_name", None),
    ("GET", "/refused_sailors/12?include=crew", None),
    ("GET", "/refused_sailors/", None),
    ("GET", "/refused_sailors/?cursor=", None),
    ("POST", "/refused_sailors/query", {}),
    ("GET", "/refused_crews/1?include=sailors", None),
    ("GET", "/refused_crews/?include=sailors", None),
    ("GET", "/refused_crews/1/sailors/", None),
    ("GET", "/refused_sailors/12/history/", None),
    ("PATCH", "/refused_sailors/12", {"nick_name": "little john"}),
    ("POST", "/refused_sailors/", {"nick_name": "little john"}),
    ("POST", "/batch", {"requests": [{"method": "GET", "path": "/refused_sailors/12"}]}),
]


@pytest.mark.parametrize(("method", "url", "body"), WAYS)
async def test_refused_row(
    refused_world: World,
    lane: str,
    caplog: pytest.LogCaptureFixture,
    method: str,
    url: str,
    body: Any,
) -> None:
    """The answer and the log name the resource and the field, and no value."""
    client = await prepare(refused_world, lane)
    with caplog.at_level(logging.INFO, logger="modelwire"):
        problem = read_problem(await client.request(method, url, json=body), 500, "invalid_row")
    assert problem["detail"] == DETAIL
    (record,) = [r for r in caplog.records if getattr(r, "levelname", "") == "ERROR"]
    assert LOGGED in record.getMessage()
    assert "john" not in caplog.text


async def test_others(refused_world: World, lane: str) -> None:
    """Other rows are shown, through what their validators do."""
    client = await prepare(refused_world, lane)
    assert (await client.get("/refused_sailors/11")).json() == {"id": 11, "nick_name": "Ann"}
    assert (await client.get("/refused_sailors/?limit=1")).json()["total"] == 2


@pytest.mark.parametrize("format_", ["json", "jsonl", "csv"])
async def test_stream(
    refused_world: World, lane: str, caplog: pytest.LogCaptureFixture, format_: str
) -> None:
    """A stream is broken off, and the log says why."""
    await prepare(refused_world, lane)
    transport = httpx2.ASGITransport(app=refused_world.apps[lane], raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        with (
            caplog.at_level(logging.INFO, logger="modelwire"),
            pytest.raises(BrokenStream) as broken,
        ):
            await client.get(f"/refused_sailors/stream/?format={format_}")
    assert str(broken.value.__cause__) == DETAIL
    (record,) = [r for r in caplog.records if r.levelname == "ERROR"]
    assert LOGGED in record.getMessage()
    assert "john" not in caplog.text


async def test_mended(refused_world: World, lane: str) -> None:
    """A follower of changes gets a repaired row, and one that is gone."""
    client = await prepare(refused_world, lane)
    begin = (await client.get("/refused_sailors/?limit=1")).headers["x-change-number"]
    await client.patch("/refused_sailors/12", json={"nick_name": "john"})
    assert (await client.delete("/refused_sailors/11")).status_code == 204
    told: list[Any] = []
    while len(told) < 2:  # others who write to the server may hold the second one up
        answer = await client.get(f"/refused_sailors/changes/?after={begin}&wait=20")
        begin = answer.json()["next"]
        told += [(c["operation"], c["key"], c.get("item")) for c in answer.json()["items"]]
    assert told == [("create", 12, {"id": 12, "nick_name": "John"}), ("delete", 11, None)]


async def test_spoilt(refused_world: World, lane: str, caplog: pytest.LogCaptureFixture) -> None:
    """A follower of changes skips a row that can no longer be shown, and goes on."""
    client = await prepare(refused_world, lane)
    begin = (await client.get("/refused_sailors/?limit=1")).headers["x-change-number"]
    assert (await client.patch("/refused_sailors/11", json={"nick_name": "a b"})).is_server_error
    spoil = text("UPDATE refused_sailors SET nick_name = 'a b' WHERE id = 11")
    async with refused_world.database.session() as session:
        await session.exec(spoil)  # type: ignore[call-overload]
        await session.commit()
    await client.patch("/refused_sailors/12", json={"nick_name": "john"})
    told: list[Any] = []
    while len(told) < 2:
        answer = await client.get(f"/refused_sailors/changes/?after={begin}&wait=20")
        assert answer.status_code == 200
        begin = answer.json()["next"]
        told += [(c["operation"], c["key"], c.get("item")) for c in answer.json()["items"]]
    assert told == [("delete", 11, None), ("create", 12, {"id": 12, "nick_name": "John"})]
    assert "A change is reported without its row: SailorPublic refuses" in caplog.text
    assert "a b" not in caplog.text
