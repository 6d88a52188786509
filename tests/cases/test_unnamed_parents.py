"""A row that is created with another one, or below it, belongs to it, or there is no such row."""

from typing import Any

import httpx2
import pytest
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource
from tests.conftest import empty_tables
from tests.documents import read_document
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Writer(Base, table=True):
    """Referred to by a value that need not be there."""

    __tablename__ = "unnamed_writers"

    id: int | None = Field(default=None, primary_key=True)
    mail: str | None = Field(default=None, unique=True)
    posts: list["Post"] = Relationship(back_populates="writer")


class Post(Base, table=True):
    __tablename__ = "unnamed_posts"

    title: str = Field(primary_key=True)
    mail: str | None = Field(default=None, foreign_key="unnamed_writers.mail")
    writer: Writer | None = Relationship(back_populates="posts")
    note: "Note" = Relationship(back_populates="post", sa_relationship_kwargs={"uselist": False})


class Note(Base, table=True):
    __tablename__ = "unnamed_notes"

    title: str = Field(primary_key=True, foreign_key="unnamed_posts.title")
    post: Post = Relationship(back_populates="note")


unnamed_world = make_world_fixture(
    "unnamed",
    Base.metadata,
    on_lanes(
        (
            Resource(Writer, includes=["posts"], nested_writes=["posts"]),
            Resource(Post, includes=["writer", "note"], nested_writes=["writer", "note"]),
            Resource(Note, includes=["post"], nested_writes=["post"]),
        )
    ),
)

WAYS: dict[str, tuple[str, Any, str]] = {
    "children": ("/unnamed_writers/", {"posts": [{"title": "a"}]}, "/posts/0"),
    "children of many": (
        "/unnamed_writers/bulk/",
        [{"mail": "m", "posts": [{"title": "b"}]}, {"posts": [{"title": "a"}]}],
        "/1/posts/0",
    ),
    "parent": ("/unnamed_posts/", {"title": "a", "writer": {}}, ""),
    "parents of many": (
        "/unnamed_posts/bulk/",
        [{"title": "a", "writer": {"mail": "m"}}, {"title": "b", "writer": {"mail": None}}],
        "/1",
    ),
    "below": ("/unnamed_writers/1/posts/", {"title": "a"}, ""),
}


async def prepare(world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(world.database)
    client = world.clients[lane]
    assert (await client.post("/unnamed_writers/", json={})).status_code == 201
    return client


@pytest.mark.parametrize("way", WAYS)
async def test_parent_without_value(unnamed_world: World, lane: str, way: str) -> None:
    """It is refused where it would refer to nothing, and nothing is stored."""
    client = await prepare(unnamed_world, lane)
    path, body, pointer = WAYS[way]
    answer = await client.post(path, json=body)
    (error,) = answer.json()["errors"]
    told = (answer.status_code, error["code"], error["pointer"])
    assert told == (422, "unnamed_parent", pointer), answer.text
    assert (await client.get("/unnamed_posts/")).json()["items"] == []
    assert (await client.get("/unnamed_writers/")).json()["total"] == 1


async def test_parent_with_value(unnamed_world: World, lane: str) -> None:
    """With it, it belongs to it."""
    client = await prepare(unnamed_world, lane)
    await client.patch("/unnamed_writers/1", json={"mail": "m"})
    below = await client.post("/unnamed_writers/1/posts/", json={"title": "a"})
    assert (below.status_code, below.json()) == (201, {"title": "a", "mail": "m"})
    whole = {"title": "b", "writer": {"mail": "n"}, "note": {}}
    answer = await client.post("/unnamed_posts/?include=note", json=whole)
    assert answer.json() == {"title": "b", "mail": "n", "note": {"title": "b"}}


async def test_document(unnamed_world: World) -> None:
    """A foreign key that the row it leads to may tell is not required there."""
    client = unnamed_world.clients["direct"]
    stored = await client.post("/unnamed_notes/", json={"post": {"title": "c"}})
    assert stored.json() == {"title": "c"}
    document = await read_document(client)
    assert "title" not in document["components"]["schemas"]["NoteCreate"].get("required", ())
    assert document["components"]["schemas"]["PostCreate"]["required"] == ["title"]
