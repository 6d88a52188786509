"""Texts in which what a database says of a row looks like names of columns."""

import gc

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import DDL, CheckConstraint, event
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Resource
from modelwire.web.service import find_service
from tests.conftest import empty_tables
from tests.http.problems import read_problem
from tests.worlds import World, make_world_fixture, on_lanes

pytestmark = pytest.mark.both_lanes


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own, whatever those of other tests are called."""


class Label(Base, table=True):
    """Its second check is one that a migration has added."""

    __tablename__ = "labels"
    __table_args__ = (CheckConstraint("length(name) < 30", name="is_short"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    note: str = ""


CREATE = """
CREATE TABLE labels (
  id {number} PRIMARY KEY, name varchar NOT NULL, note varchar NOT NULL,
  CONSTRAINT is_short CHECK (length(name) < 30), CONSTRAINT plain CHECK (name NOT LIKE '%%.%%')
)
"""

for dialect, number in (("sqlite", "integer"), ("postgresql", "serial")):
    for statement in ("DROP TABLE labels", CREATE.format(number=number)):
        ddl = DDL(statement).execute_if(dialect=dialect)
        event.listen(Base.metadata, "after_create", ddl)

tables = make_world_fixture("unlucky_texts", Base.metadata, on_lanes((Resource(Label),)))


@pytest_asyncio.fixture
async def world(tables: World) -> World:
    """The same with empty tables."""
    await empty_tables(tables.database)
    return tables


@pytest.fixture
def client(world: World, lane: str) -> httpx2.AsyncClient:
    """A client on either lane."""
    return world.clients[lane]


async def test_names(client: httpx2.AsyncClient) -> None:
    """A value is never taken for the name of a column that a check is about."""
    answer = await client.post("/labels/", json={"name": "a, note)=(b."})
    read_problem(answer, 422, "check")
    assert "note" not in answer.text.lower()


async def test_memory(client: httpx2.AsyncClient, world: World, lane: str) -> None:
    """The cache of constraints holds nothing of the rows that they have refused."""
    for name in ("hunter2)=(the secret of somebody", "hunter2) = (a.", "hunter2"):
        await client.post("/labels/", json={"name": name, "note": "hunter2)=(b"})
    service = find_service(world.apps[lane])
    assert service is not None
    (memory,) = [table.memory for table in service.paths]
    assert any(function.__module__.endswith("explain.constraints") for function in memory)
    assert "hunter2" not in repr([gc.get_referents(kept) for kept in memory.values()])
