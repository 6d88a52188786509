"""Bounds in a read schema are for what comes in: rows beyond them are shown as they are stored."""

from datetime import date
from typing import Annotated, Any

import httpx2
import pytest
from pydantic import (
    AfterValidator,
    FutureDate,
    GetCoreSchemaHandler,
    PlainSerializer,
    StringConstraints,
    computed_field,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function, str_schema
from sqlalchemy import JSON, Column, Date, text
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource
from tests.conftest import empty_tables
from tests.documents import read_document, resolve
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Word:
    """A text of a type of its own, as `EmailStr` is, which has no bounds itself."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_after_validator_function(str.strip, str_schema())


class HeroBase(SQLModel):
    """Base of the classes for creating, storing and showing, each with its bounds."""

    name: str = Field(min_length=2, max_length=5)
    age: int | None = Field(default=None, ge=0, le=150)
    ends: FutureDate | None = Field(default=None, sa_type=Date)


class Hero(HeroBase, Base, table=True):
    __tablename__ = "bounded_heroes"

    id: int | None = Field(default=None, primary_key=True)
    nick: str = "joe"
    motto: str = "never"
    marks: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    squad_id: int | None = Field(default=None, foreign_key="bounded_squads.id")
    squad: "Squad" = Relationship(back_populates="heroes")


class Squad(Base, table=True):
    __tablename__ = "bounded_squads"

    id: int | None = Field(default=None, primary_key=True)
    label: str
    heroes: list[Hero] = Relationship(back_populates="squad")


class HeroUpdate(SQLModel):
    """As tutorials have it: nothing but the types."""

    name: str | None = None
    age: int | None = None


class SquadPublic(SQLModel):
    label: str = Field(max_length=3)


class HeroPublic(HeroBase):
    id: int
    nick: Annotated[
        str,
        StringConstraints(min_length=5, to_upper=True),
        AfterValidator(lambda nick: nick[:2]),
        PlainSerializer(lambda nick: f"{nick}…"),
    ]
    marks: list[Annotated[int, Field(gt=0)]] = Field(max_length=1)
    motto: Annotated[Word, Field(max_length=2)]
    squad: SquadPublic | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def loud(self) -> str:
        return f"{self.name}!"


bounds_world = make_world_fixture(
    "bounds",
    Base.metadata,
    on_lanes(
        (
            Resource(Hero, update_schema=HeroUpdate, read_schema=HeroPublic, includes=["squad"]),
            Resource(Squad, includes=["heroes"]),
        )
    ),
)

BEYOND = {
    "name": "b",
    "age": -1,
    "ends": "2001-01-01",
    "id": 1,
    "nick": "JO…",
    "marks": [0, 0],
    "motto": "never",
    "squad": {"label": "label"},
    "loud": "b!",
}
"""Representations of rows beyond each bound."""

ROWS = """
INSERT INTO bounded_squads (id, label) VALUES (1, 'label');
INSERT INTO bounded_heroes (id, name, age, ends, nick, marks, motto, squad_id)
VALUES (1, 'b', -1, '2001-01-01', 'joe', '[0, 0]', 'never', 1)
"""


async def prepare(world: World, lane: str) -> httpx2.AsyncClient:
    """Have a row that another program has stored."""
    await empty_tables(world.database)
    async with world.database.engine.begin() as connection:
        for statement in ROWS.split(";"):
            await connection.execute(text(statement))
    return world.clients[lane]


async def test_stored_row(bounds_world: World, lane: str) -> None:
    """It is shown by itself, in lists, streams and below others, through what its schema does."""
    client = await prepare(bounds_world, lane)
    alone = {name: value for name, value in BEYOND.items() if name != "squad"}
    assert (await client.get("/bounded_heroes/1")).json() == BEYOND
    assert (await client.get("/bounded_heroes/?fields=age,name")).json()["items"] == [
        {"name": BEYOND["name"], "age": -1}
    ]
    assert (await client.get("/bounded_heroes/")).json()["items"] == [alone]
    assert (await client.get("/bounded_heroes/stream/?include=squad")).json() == [BEYOND]
    assert (await client.get("/bounded_squads/1?include=heroes")).json()["heroes"] == [alone]
    assert (await client.get("/bounded_squads/1/heroes/")).json()["items"] == [alone]


@pytest.mark.parametrize("change", [{"name": "d"}, {"age": 151}, {"age": -1, "name": "c"}])
async def test_changed_row(bounds_world: World, lane: str, change: dict[str, Any]) -> None:
    """A change that the update schema accepts is stored, and shown."""
    client = await prepare(bounds_world, lane)
    answer = await client.patch("/bounded_heroes/1", json=change)
    assert (answer.status_code, change.items() <= answer.json().items()) == (200, True)
    read = await client.get("/bounded_heroes/1?include=")
    assert (read.content, read.headers["etag"]) == (answer.content, answer.headers["etag"])
    many = await client.patch("/bounded_heroes/bulk/", json=[{"id": 1, **change}])
    assert (many.status_code, many.json()) == (200, [answer.json()])


async def test_new_row(bounds_world: World, lane: str) -> None:
    """A new row has to be within the bounds all the same."""
    await empty_tables(bounds_world.database)
    client = bounds_world.clients[lane]
    later = str(date.max)
    refused = await client.post("/bounded_heroes/", json={"name": "A", "age": 151, "ends": later})
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/name", "/age"]
    stored = await client.post("/bounded_heroes/", json={"name": "Ann", "ends": later})
    assert (stored.status_code, stored.json()["ends"]) == (201, later)


async def test_document(bounds_world: World) -> None:
    """The document has no bounds for responses, but for request bodies."""
    document = await read_document(bounds_world.clients["direct"])
    row = document["paths"]["/bounded_heroes/{id}"]["get"]["responses"]["200"]
    schema = resolve(document, row)["content"]["application/json"]["schema"]
    assert resolve(document, schema)["properties"]["name"] == {"type": "string"}
    assert resolve(document, schema)["properties"]["motto"] == {"type": "string"}
    sent = document["paths"]["/bounded_heroes/"]["post"]["requestBody"]
    schema = resolve(document, sent)["content"]["application/json"]["schema"]
    assert resolve(document, schema)["properties"]["name"]["minLength"] == 2
