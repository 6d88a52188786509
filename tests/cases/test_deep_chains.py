"""Rows that go along with others go at any depth."""

import random
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource
from tests.conftest import empty_tables
from tests.http.problems import read_problem
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Comment(Base, table=True):
    """Goes along by the database."""

    id: int | None = Field(default=None, primary_key=True)
    above_id: int | None = Field(
        default=None, foreign_key="comment.id", ondelete="CASCADE", index=True
    )


class Node(Base, table=True):
    """Goes along by the model."""

    id: int | None = Field(default=None, primary_key=True)
    above_id: int | None = Field(default=None, foreign_key="node.id", index=True)
    above: "Node" = Relationship(
        back_populates="below", sa_relationship_kwargs={"remote_side": "Node.id"}
    )
    below: list["Node"] = Relationship(back_populates="above", cascade_delete=True)


RESOURCES = (Resource(Comment, path="/comments"), Resource(Node, path="/nodes"))
MODELS: dict[str, type[Any]] = {"/comments": Comment, "/nodes": Node}
deep_world = make_world_fixture("deep", Base.metadata, on_lanes(RESOURCES))


@pytest.fixture
async def client(deep_world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(deep_world.database)
    return deep_world.clients[lane]


async def store(world: World, path: str, above: list[int | None]) -> None:
    """Store rows 1, 2, …, each below the one with a given number."""
    table = MODELS[path].__table__
    rows = [{"id": i, "above_id": a} for i, a in enumerate(above, 1)]
    async with world.database.engine.begin() as connection:
        await connection.execute(insert(table), [{"id": row["id"]} for row in rows])
        for row in rows:
            if row["above_id"] is not None:
                change = table.update().where(table.c.id == row["id"])
                await connection.execute(change.values(above_id=row["above_id"]))


async def left_in(world: World, path: str) -> list[int]:
    table = MODELS[path].__table__
    async with world.database.engine.connect() as connection:
        return list((await connection.execute(select(table.c.id).order_by(table.c.id))).scalars())


@pytest.mark.parametrize("path", MODELS)
@pytest.mark.parametrize("depth", [600, 1600])
async def test_chain(client: httpx2.AsyncClient, deep_world: World, path: str, depth: int) -> None:
    """A chain goes whole, however long it is."""
    await store(deep_world, path, [None, *range(1, depth)])
    answer = await client.delete(f"{path}/1")
    assert answer.status_code == 204, answer.text
    assert await left_in(deep_world, path) == []


async def test_circle(client: httpx2.AsyncClient, deep_world: World) -> None:
    """A circle ends: the database takes it along, or refuses it where it must not."""
    for path in MODELS:
        await store(deep_world, path, [3, 1, 2, 3, None])
    answer = await client.request("DELETE", "/comments/bulk/", json=[2])
    assert answer.status_code == 204, answer.text
    assert await left_in(deep_world, "/comments") == [5]
    read_problem(await client.delete("/nodes/2"), 409, "still_referenced")
    assert await left_in(deep_world, "/nodes") == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("path", MODELS)
@pytest.mark.parametrize("seed", range(3))
async def test_any_tree(
    client: httpx2.AsyncClient, deep_world: World, path: str, seed: int
) -> None:
    """A delete removes the rows below, and nothing else."""
    draw = random.Random(seed)
    above = [None if i < 3 else draw.randint(max(1, i - 4), i) for i in range(60)]
    await store(deep_world, path, above)
    gone = set(draw.sample(range(1, 61), 2))
    answer = await client.request("DELETE", f"{path}/bulk/", json=sorted(gone))
    assert answer.status_code == 204, answer.text
    for i, parent in enumerate(above, 1):
        if parent in gone:
            gone.add(i)
    assert await left_in(deep_world, path) == [i for i in range(1, 61) if i not in gone]
