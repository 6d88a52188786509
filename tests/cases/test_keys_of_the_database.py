"""Whatever is one key to the database is one key everywhere, however it is spelt."""

import random

import httpx2
import pytest
from sqlalchemy import CHAR, Column, ForeignKey
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource
from tests.conftest import empty_tables
from tests.folded_texts import create_citext, without_case
from tests.http.problems import pointers_of, read_problem
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


create_citext(Base.metadata)


class Membership(Base, table=True):
    """Links without case on one side."""

    user: str | None = Field(
        default=None, sa_column=Column(without_case(), ForeignKey("user.name"), primary_key=True)
    )
    group: int | None = Field(default=None, foreign_key="group.id", primary_key=True)


class Coding(Base, table=True):
    """Links with padded codes on one side."""

    code: str | None = Field(
        default=None, sa_column=Column(CHAR(3), ForeignKey("code.code"), primary_key=True)
    )
    group: int | None = Field(default=None, foreign_key="group.id", primary_key=True)


class User(Base, table=True):
    """A key without case."""

    name: str = Field(sa_column=Column(without_case(), primary_key=True))
    n: int = 0
    groups: list["Group"] = Relationship(back_populates="users", link_model=Membership)
    posts: list["Post"] = Relationship(back_populates="user")


class Code(Base, table=True):
    """A key of a fixed length."""

    code: str = Field(sa_column=Column(CHAR(3), primary_key=True))
    n: int = 0
    groups: list["Group"] = Relationship(back_populates="codes", link_model=Coding)


class Group(Base, table=True):
    """Linked to rows with such keys."""

    id: int | None = Field(default=None, primary_key=True)
    users: list[User] = Relationship(back_populates="groups", link_model=Membership)
    codes: list[Code] = Relationship(back_populates="groups", link_model=Coding)


class Post(Base, table=True):
    """Refers to such a key, in whatever spelling."""

    id: int | None = Field(default=None, primary_key=True)
    user_name: str | None = Field(
        default=None, sa_column=Column(without_case(), ForeignKey("user.name"))
    )
    user: User | None = Relationship(back_populates="posts")


RESOURCES = (
    Resource(User, path="/users", includes=["groups", "posts"]),
    Resource(Code, path="/codes", includes=["groups"]),
    Resource(Group, path="/groups", includes=["users", "codes"]),
    Resource(Post, path="/posts", includes=["user"]),
)
keys_world = make_world_fixture("keys_of_db", Base.metadata, on_lanes(RESOURCES))


@pytest.fixture
async def client(keys_world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(keys_world.database)
    client = keys_world.clients[lane]
    for path, rows in (
        ("/users", [{"name": "Ann"}, {"name": "Bob"}]),
        ("/codes", [{"code": "ab"}, {"code": "xyz"}]),
    ):
        assert (await client.post(f"{path}/bulk/", json=rows)).status_code == 201
    return client


async def names_of(client: httpx2.AsyncClient, path: str, name: str, key: str) -> list[str]:
    row = (await client.get(path, params={"include": name})).json()
    return sorted(item[key] for item in row[name])


async def test_links(client: httpx2.AsyncClient) -> None:
    """Links that a row is given again, in another spelling, stay as they are."""
    body = {"users": ["Ann", "Bob"], "codes": ["ab", "xyz"]}
    assert (await client.post("/groups/", json=body)).status_code == 201
    again = {"users": ["ANN", "bOB"], "codes": ["ab", "xyz"]}
    assert (await client.patch("/groups/1", json=again)).status_code == 200
    assert await names_of(client, "/groups/1", "users", "name") == ["Ann", "Bob"]
    assert await names_of(client, "/groups/1", "codes", "code") == ["ab", "xyz"]
    assert (await client.patch("/users/ann", json={"groups": [1]})).status_code == 200
    assert await names_of(client, "/groups/1", "users", "name") == ["Ann", "Bob"]
    less = await client.patch("/groups/1", json={"users": ["ANN", "ann"], "codes": ["ab"]})
    assert less.status_code == 200
    assert await names_of(client, "/groups/1", "users", "name") == ["Ann"]
    assert await names_of(client, "/groups/1", "codes", "code") == ["ab"]


async def test_includes(client: httpx2.AsyncClient) -> None:
    """Rows are shown with what they refer to, in whatever spelling."""
    for name in ("ANN", "Ann", "bob"):
        assert (await client.post("/posts/", json={"user_name": name})).status_code == 201
    posts = (await client.get("/posts/", params={"include": "user"})).json()["items"]
    assert [post["user"]["name"] for post in posts] == ["Ann", "Ann", "Bob"]
    users = (await client.get("/users/", params={"include": "posts"})).json()["items"]
    assert [len(user["posts"]) for user in users] == [2, 1]
    assert (await client.get("/users/ANN/posts/")).json()["items"] != []


async def test_bulk(client: httpx2.AsyncClient) -> None:
    """Bulk requests find rows by any spelling, and refuse two of one row."""
    changed = await client.patch("/users/bulk/", json=[{"name": "ANN", "n": 2}])
    assert changed.json() == [{"name": "Ann", "n": 2}]
    changed = await client.patch("/codes/bulk/", json=[{"code": "ab", "n": 1}])
    assert changed.json() == [{"code": "ab", "n": 1}]
    twice = [{"name": "ANN", "n": 3}, {"name": "ann", "n": 4}]
    read_problem(await client.patch("/users/bulk/", json=twice), 422, "invalid")
    refused = await client.request("DELETE", "/users/bulk/", json=["ann", "Ann"])
    read_problem(refused, 422, "invalid")
    gone = await client.request("DELETE", "/users/bulk/?atomic=false", json=["ANN"])
    assert gone.json() == {"items": [{"status": 204}]}
    assert (await client.get("/users/Ann")).status_code == 404
    found = (await client.get("/codes/", params={"code__endswith": "b"})).json()["items"]
    assert [row["code"] for row in found] == ["ab"]


@pytest.mark.both_lanes
@pytest.mark.parametrize("query", ["", "?atomic=false"])
async def test_parents_that_are_there(client: httpx2.AsyncClient, query: str) -> None:
    """Of rows whose parents are spelt in some way, the one is refused whose parent is missing."""
    rows = [{"user_name": name} for name in ("ANN", "bob", "Ann", "nobody", "BOB")]
    answer = await client.post(f"/posts/bulk/{query}", json=rows)
    if query:
        statuses = [item["status"] for item in answer.json()["items"]]
        assert statuses == [201, 201, 201, 400, 201]
    else:
        document = read_problem(answer, 400, "parent_not_found")
        assert pointers_of(document) == ["/3/user_name"]
    await client.post("/posts/bulk/", json=rows[:3])
    keys = [row["id"] for row in (await client.get("/posts/")).json()["items"]]
    spelt = ["bob", "ANN", "nobody"]
    changes = [{"id": k, "user_name": s} for k, s in zip(keys[:3], spelt, strict=True)]
    refused = await client.patch("/posts/bulk/", json=changes)
    assert pointers_of(read_problem(refused, 400, "parent_not_found")) == ["/2/user_name"]


def respell(draw: random.Random, name: str) -> str:
    return "".join(draw.choice([c.upper(), c.lower()]) for c in name)


@pytest.mark.parametrize("seed", range(3))
async def test_any_spelling(client: httpx2.AsyncClient, seed: int) -> None:
    """Sets of links are what was set last, by names without case."""
    draw = random.Random(seed)
    names = ["Ann", "Bob", "Cleo", "Dan"]
    await client.post("/users/bulk/", json=[{"name": name} for name in names[2:]])
    await client.post("/groups/bulk/", json=[{}, {}])
    known: dict[int, set[str]] = {1: set(), 2: set()}
    for _ in range(8):
        group = draw.randint(1, 2)
        drawn = [draw.choice(names) for _ in range(draw.randint(0, 4))]
        body = {"users": [respell(draw, name) for name in drawn]}
        assert (await client.patch(f"/groups/{group}", json=body)).status_code == 200
        known[group] = set(drawn)
        rows = (await client.get("/groups/", params={"include": "users"})).json()["items"]
        shown = {row["id"]: sorted(user["name"] for user in row["users"]) for row in rows}
        assert shown == {key: sorted(value) for key, value in known.items()}
