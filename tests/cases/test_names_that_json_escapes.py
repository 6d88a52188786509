"""Names on the wire with characters that JSON writes by escapes."""

import csv
import io
import json
from typing import Any

import httpx2
import pytest
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource
from tests.conftest import empty_tables
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Shelf(Base, table=True):
    __tablename__ = "shelves"

    id: int | None = Field(default=None, primary_key=True)
    label: str | None = Field(default=None, alias='"label"')
    books: list["Book"] = Relationship(back_populates="shelf")


class Book(Base, table=True):
    __tablename__ = "books"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(alias="a\\title")
    pages: int = Field(default=1, alias="pages\n")
    shelf_id: int | None = Field(default=None, foreign_key="shelves.id")
    shelf: Shelf | None = Relationship(back_populates="books")


escaped_world = make_world_fixture(
    "escaped",
    Base.metadata,
    on_lanes((Resource(Shelf, includes=["books"]), Resource(Book, includes=["shelf"]))),
)

BOOK = {"id": 1, "a\\title": "A", "pages\n": 1, "shelf_id": 1}
SHELF = {"id": 1, '"label"': "x"}


@pytest.fixture
async def client(escaped_world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(escaped_world.database)
    client = escaped_world.clients[lane]
    assert (await client.post("/shelves/", json={'"label"': "x"})).json() == SHELF
    made = await client.post("/books/", json={"a\\title": "A", "shelf_id": 1})
    assert (made.status_code, made.json()) == (201, BOOK)
    return client


ASKED: dict[str, Any] = {
    "/books/1": BOOK,
    "/books/1?include=shelf": BOOK | {"shelf": SHELF},
    "/shelves/1?include=books": SHELF | {"books": [BOOK]},
    "/books/1?fields=a%5Ctitle": {"a\\title": "A"},
    "/books/stream/?a%5Ctitle=A&sort=-pages%0A": [BOOK],
    "/shelves/1/books/?pages%0A__gt=0": {"items": [BOOK], "total": 1, "skip": 0, "limit": 10},
    "/books/aggregate?group=a%5Ctitle&measures=pages%0A:sum": {
        "items": [{"a\\title": "A", "pages\n:sum": 1}],
        "skip": 0,
        "limit": 100,
        "more": False,
    },
}


@pytest.mark.parametrize("url", ASKED)
async def test_read(client: httpx2.AsyncClient, url: str) -> None:
    """They are read, filtered by and included as any other."""
    answer = await client.get(url)
    assert (answer.status_code, answer.json()) == (200, ASKED[url]), answer.text


async def test_changed(client: httpx2.AsyncClient) -> None:
    """They are set, and faults are found at them."""
    assert (await client.patch("/books/1", json={"pages\n": 2})).json()["pages\n"] == 2
    refused = (await client.patch("/books/1", json={"pages\n": "x"})).json()
    assert refused["errors"][0]["pointer"] == "/pages\n"


async def test_streams(client: httpx2.AsyncClient) -> None:
    """Lines and sheets have them too."""
    lines = await client.get("/books/stream/?format=jsonl")
    assert [json.loads(line) for line in lines.content.splitlines()] == [BOOK]
    sheet = (await client.get("/books/stream/?format=csv")).content.decode()
    assert next(csv.reader(io.StringIO(sheet, newline=""))) == [*BOOK]
