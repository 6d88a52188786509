"""A unique value that is taken is told only to a caller who may write such a row."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import Header
from pydantic import BaseModel
from sqlalchemy import MetaData, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col

from modelwire import Caller, Policy, Resource
from tests.conftest import empty_tables
from tests.http.problems import read_problem
from tests.worlds import World, make_world_fixture, on_lanes


class Base(SQLModel, registry=registry()):
    """Tables of their own."""

    metadata = MetaData()


class Badge(Base, table=True):
    __tablename__ = "taken_badges"
    __table_args__ = (UniqueConstraint("org", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    org: int
    number: str
    status: str = "open"


class Member(BaseModel):
    org: int


def read_member(x_org: Annotated[int, Header()]) -> Member:
    return Member(org=x_org)


me = Caller(read_member, key="org")
MINE: Any = col(Badge.org) == me.org
BADGES = (
    Resource(
        Badge,
        policy=Policy(read=MINE, update=MINE & (col(Badge.status) != "locked")),
        writable=["id"],
    ),
)
STORED: Sequence[Mapping[str, Any]] = (
    {"id": 1, "org": 1, "number": "a"},
    {"id": 2, "org": 1, "number": "b"},
    {"id": 3, "org": 2, "number": "a"},
)

world = make_world_fixture("taken", Base.metadata, on_lanes(BADGES, caller=me))


@pytest_asyncio.fixture
async def client(world: World, lane: str) -> httpx2.AsyncClient:
    """A client of the first organisation; each has badges."""
    await empty_tables(world.database)
    made: httpx2.AsyncClient = world.clients[lane]
    for org in (1, 2):
        rows = [row for row in STORED if row["org"] == org]
        answer = await made.post("/taken_badges/bulk/", json=rows, headers={"x-org": str(org)})
        assert answer.status_code == 201, answer.text
    made.headers["x-org"] = "1"
    return made


async def ask(client: httpx2.AsyncClient, way: str, row: Mapping[str, Any]) -> httpx2.Response:
    """Write a row in one of the ways; the response is that of the row."""
    path, key, change = "/taken_badges/", row["id"], {k: v for k, v in row.items() if k != "id"}
    match way:
        case "patch":
            return await client.patch(f"{path}{key}", json=change)
        case "put":
            return await client.put(f"{path}{key}", json=change)
        case "bulk":
            others = {"id": 2, "status": "open"}
            return await client.patch(f"{path}bulk/", json=[others, row])
        case "mass":
            at_most = {"prefer": "max-affected=5"}
            return await client.patch(f"{path}?id={key}", json=change, headers=at_most)
        case "upsert":
            return await client.post(f"{path}bulk/?on_conflict=id", json=[row])
        case "create":
            return await client.post(path, json=row)
        case "bulk create":
            others = {"id": 50, "org": 1, "number": "z"}
            return await client.post(f"{path}bulk/", json=[others, row])
    raise AssertionError(way)


UPDATES = ("patch", "put", "bulk", "mass", "upsert")
CREATES = ("create", "bulk create")


@pytest.mark.parametrize(("way", "key"), [*((w, 1) for w in UPDATES), *((w, 9) for w in CREATES)])
async def test_of_others(client: httpx2.AsyncClient, way: str, key: int) -> None:
    """A row of another organisation may not be written, whatever is taken there."""
    taken = await ask(client, way, {"id": key, "org": 2, "number": "a"})
    free = await ask(client, way, {"id": key, "org": 2, "number": "free"})
    assert read_problem(taken, 403, "forbidden")
    assert taken.content == free.content


@pytest.mark.parametrize(("way", "key"), [*((w, 1) for w in UPDATES), *((w, 9) for w in CREATES)])
async def test_among_own(client: httpx2.AsyncClient, way: str, key: int) -> None:
    """A value that is taken where the caller may write is told."""
    taken = await ask(client, way, {"id": key, "org": 1, "number": "b", "status": "open"})
    assert read_problem(taken, 400, "already_exists")


@pytest.mark.parametrize("way", UPDATES)
async def test_row_that_may_not_become_so(client: httpx2.AsyncClient, way: str) -> None:
    """The row as it would be decides, with the values that it keeps."""
    taken = await ask(client, way, {"id": 1, "org": 1, "number": "b", "status": "locked"})
    free = await ask(client, way, {"id": 1, "org": 1, "number": "free", "status": "locked"})
    assert read_problem(taken, 403, "forbidden")
    assert taken.content == free.content


@pytest.mark.parametrize("verb", ["patch", "post"])
async def test_each_for_itself(client: httpx2.AsyncClient, verb: str) -> None:
    """Each row has its own answer."""
    keys = (1, 2) if verb == "patch" else (11, 12)
    rows = [{"id": key, "org": org, "number": "a"} for key, org in zip(keys, (2, 1), strict=True)]
    answer = await client.request(verb, "/taken_badges/bulk/?atomic=false", json=rows)
    assert answer.status_code == 207
    assert [item["status"] for item in answer.json()["items"]] == [403, 400]
