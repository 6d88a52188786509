"""The entry of a row in a 207 equals the response to a request of its own."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from pydantic import model_validator
from sqlalchemy import JSON, CheckConstraint, Column
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource
from tests.conftest import empty_tables
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """The base of the tables of these tests."""


class Shelf(Base, table=True):
    """A row that is checked whole, by its model and by the database."""

    __tablename__ = "shelves"
    __table_args__ = (CheckConstraint("low + 100 > high", name="narrow"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=5)
    low: int = 0
    high: int = Field(default=0, ge=-5)
    tags: list[int] = Field(default=[], sa_column=Column(JSON))
    room_id: int | None = Field(default=None, foreign_key="shelves.id")
    books: list["Book"] = Relationship(back_populates="shelf")

    @model_validator(mode="after")
    def order(self) -> "Shelf":
        if self.low > self.high:
            raise ValueError("low should not be above high")
        return self


class Book(Base, table=True):
    """A row that stands in one."""

    __tablename__ = "books_on_shelves"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(unique=True, max_length=5)
    first: int = 0
    last: int = 0
    shelf_id: int | None = Field(default=None, foreign_key="shelves.id")
    shelf: Shelf | None = Relationship(back_populates="books")

    @model_validator(mode="after")
    def order(self) -> "Book":
        if self.first > self.last:
            raise ValueError("first should not be above last")
        return self


RESOURCES = (Resource(Shelf, includes=["books"], nested_writes=["books"]), Resource(Book))
world = make_world_fixture("told_alone", Base.metadata, on_lanes(RESOURCES))

A = {"title": "a"}
CREATED: list[dict[str, Any]] = [
    {"code": "x", "low": 2, "high": 1},
    {"code": "x", "low": 0, "high": 100},
    {"code": "x", "high": -6},
    {"code": "x", "high": -6, "low": "?"},
    {"code": "taken"},
    {"code": "longer than it may be"},
    {"code": "x", "room_id": 99},
    {"code": "x", "room_id": 2**70},
    {"code": "x", "cod": 1},
    {"code": None},
    {},
    {"code": "x", "tags": [1, "?"]},
    {"code": "x", "tags": 1},
    {"code": "x", "books": [A, {"title": "b", "first": 2, "last": 1}]},
    {"code": "x", "books": [A, {"title": "b", "first": "?"}]},
    {"code": "x", "books": [A, {}]},
    {"code": "x", "books": [A, {"title": "b", "titel": "b"}]},
    {"code": "x", "books": [A, {"title": "taken"}]},
    {"code": "x", "books": [A, A]},
    {"code": "x", "books": [A, 7]},
    {"code": "x", "books": 7},
    {"code": "x", "low": 1, "books": [{"title": "b", "first": 1}]},
]
CHANGED: list[dict[str, Any]] = [
    {"low": 5},
    {"high": 100},
    {"high": -6},
    {"code": "taken"},
    {"code": None},
    {"cod": 1},
    {"room_id": 99},
    {"tags": [1, "?"]},
    {"books": [A]},
]


@pytest_asyncio.fixture
async def client(world: World, lane: str) -> httpx2.AsyncClient:
    """A client on either lane, of two shelves and a book."""
    await empty_tables(world.database)
    client = world.clients[lane]
    await client.post("/shelves/", json={"code": "taken", "books": [{"title": "taken"}]})
    await client.post("/shelves/", json={"code": "other"})
    return client


def is_told_alone(told: dict[str, Any], alone: dict[str, Any], row: str) -> bool:
    """Whether a problem is another one, but for where it is."""
    for error in told.get("errors", ()):
        if "pointer" in error:
            assert error["pointer"].startswith(row), told
            error["pointer"] = error["pointer"].removeprefix(row)
    return told == alone


def bodies_of(row: Any) -> Iterator[tuple[str, Any]]:
    """Bodies of several rows with one at the end, and where it stands."""
    yield "/1", [{}, row]
    yield "/shelves/1", {"shelves": [{}, row]}


@pytest.mark.parametrize("row", CREATED, ids=str)
async def test_created(client: httpx2.AsyncClient, row: dict[str, Any]) -> None:
    """A row that is created."""
    alone = await client.post("/shelves/", json=row)
    assert alone.status_code >= 400
    for pointer, body in bodies_of(row):
        answer = await client.post("/shelves/bulk/?atomic=false", json=body)
        told = answer.json()["items"][1]["problem"]
        assert is_told_alone(told, alone.json(), pointer), (told, alone.json())


@pytest.mark.parametrize("row", CHANGED, ids=str)
async def test_changed(client: httpx2.AsyncClient, row: dict[str, Any]) -> None:
    """A row that is changed."""
    alone = await client.patch("/shelves/2", json=row)
    assert alone.status_code >= 400
    for pointer, body in bodies_of({"id": 2, **row}):
        answer = await client.patch("/shelves/bulk/?atomic=false", json=body)
        told = answer.json()["items"][1]["problem"]
        assert is_told_alone(told, alone.json(), pointer), (told, alone.json())


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ({"low": 1, "code": "x"}, "low should not be above high"),
        ({"code": "x", "tags": ["?"]}, "tags/0: should be a valid integer"),
        (
            {"code": "x", "books": [A, {"title": "b", "first": 1}]},
            "books/1: first should not be above last",
        ),
        ({"code": "x", "books": [A, {"title": 1}]}, "title: should be a valid string"),
    ],
)
async def test_details(client: httpx2.AsyncClient, row: dict[str, Any], detail: str) -> None:
    """A place in an array is told with the name of the array."""
    answer = await client.post("/shelves/", json=row)
    assert answer.json()["detail"].startswith(detail)
