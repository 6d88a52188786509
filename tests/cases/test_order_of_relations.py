"""A relation has its rows in the order that the model gives it."""

import random
from typing import Any

import httpx2
import pytest
from sqlalchemy import desc
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel, col

from modelwire import Resource
from tests.conftest import empty_tables
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Mark(Base, table=True):
    """Links in no order of their own."""

    album_id: int | None = Field(default=None, foreign_key="album.id", primary_key=True)
    tag_id: int | None = Field(default=None, foreign_key="tag.id", primary_key=True)


class Album(Base, table=True):
    """Has rows in an order, directly and by links."""

    id: int | None = Field(default=None, primary_key=True)
    tracks: list["Track"] = Relationship(
        back_populates="album", sa_relationship_kwargs={"order_by": "Track.position"}
    )
    tags: list["Tag"] = Relationship(
        back_populates="albums",
        link_model=Mark,
        sa_relationship_kwargs={"order_by": lambda: [desc(col(Tag.weight)), Tag.name]},
    )


class Track(Base, table=True):
    """May have no position, which comes last."""

    id: int | None = Field(default=None, primary_key=True)
    position: int | None = None
    album_id: int = Field(foreign_key="album.id")
    album: Album = Relationship(back_populates="tracks")


class Tag(Base, table=True):
    """Ordered by two columns."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    weight: int
    albums: list[Album] = Relationship(back_populates="tags", link_model=Mark)


RESOURCES = (
    Resource(Album, path="/albums", includes=["tracks", "tags"]),
    Resource(Track, path="/tracks"),
    Resource(Tag, path="/tags"),
)
order_world = make_world_fixture("relation_order", Base.metadata, on_lanes(RESOURCES))


@pytest.fixture
async def client(order_world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(order_world.database)
    return order_world.clients[lane]


def by_position(row: dict[str, Any]) -> tuple[bool, int, int]:
    return row["position"] is None, row["position"] or 0, row["id"]


def by_weight(row: dict[str, Any]) -> tuple[int, str, int]:
    return -row["weight"], row["name"], row["id"]


async def walk(client: httpx2.AsyncClient, path: str) -> list[int]:
    """Read a list two rows at a time, by cursors."""
    cursor: str | None = ""
    seen: list[int] = []
    while cursor is not None:
        answer = await client.get(path, params={"cursor": cursor, "limit": 2})
        assert answer.status_code == 200, answer.text
        seen += [row["id"] for row in answer.json()["items"]]
        cursor = answer.json()["next"]
    return seen


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


@pytest.mark.parametrize("seed", range(2))
async def test_order(client: httpx2.AsyncClient, seed: int) -> None:
    """Includes and lists below a row are in the relation's order; `sort` changes that."""
    draw = random.Random(seed)
    await client.post("/albums/bulk/", json=[{}, {}])
    places = [draw.choice([None, 1, 2, 3, 4]) for _ in range(10)]
    tracks = [{"position": p, "album_id": draw.randint(1, 2)} for p in places]
    tracks = (await client.post("/tracks/bulk/", json=tracks)).json()
    tags = [{"name": draw.choice("abc"), "weight": draw.randint(0, 2)} for _ in range(8)]
    tags = (await client.post("/tags/bulk/", json=tags)).json()
    linked = {key: draw.sample(tags, 5) for key in (1, 2)}
    for key, some in linked.items():
        answer = await client.patch(f"/albums/{key}", json={"tags": ids(some)})
        assert answer.status_code == 200, answer.text
    listed = (await client.get("/albums/", params={"include": "tracks,tags"})).json()["items"]
    for key, of_list in zip((1, 2), listed, strict=True):
        own = [track for track in tracks if track["album_id"] == key]
        expected = ids(sorted(own, key=by_position))
        marked = ids(sorted(linked[key], key=by_weight))
        path = f"/albums/{key}"
        alone = (await client.get(path, params={"include": "tracks,tags"})).json()
        for shown in (of_list, alone):
            assert ids(shown["tracks"]) == expected
            assert ids(shown["tags"]) == marked
        assert ids((await client.get(f"{path}/tracks/")).json()["items"]) == expected
        assert await walk(client, f"{path}/tracks/") == expected
        assert await walk(client, f"{path}/tags/") == marked
        by_key = (await client.get(f"{path}/tracks/", params={"sort": "id"})).json()["items"]
        assert ids(by_key) == sorted(expected)
