"""Columns of types that PostgreSQL has for itself: what is summed, and what a log keeps of them."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import HSTORE, INTERVAL
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Changes, Database, Resource
from tests.conftest import PATIENT, MakeURL, make_app, open_client

pytestmark = pytest.mark.both_lanes


class Own(SQLModel, registry=registry()):
    """Tables that only PostgreSQL can have."""


class Task(Own, table=True):
    __tablename__ = "own_type_tasks"

    id: int | None = Field(default=None, primary_key=True)
    took: dt.timedelta | None = Field(default=None, sa_column=Column(INTERVAL))
    labels: dict[str, str | None] | None = Field(default=None, sa_column=Column(HSTORE))


@pytest_asyncio.fixture
async def tasks(make_url: MakeURL, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the tasks."""
    database = Database(await make_url("postgresql", "own"), metadata=Own.metadata, **PATIENT)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("CREATE EXTENSION hstore")
    await database.init_db()
    resources = (Resource(Task, changes=Changes()),)
    async with open_client(make_app(database, lane, resources, {})) as client:
        yield client
    await database.close_db()


async def test_sum_of_intervals(tasks: httpx2.AsyncClient) -> None:
    """An `INTERVAL` of PostgreSQL is summed as any duration."""
    answer = await tasks.post("/own_type_tasks/bulk/", json=[{"took": "PT1H"}, {"took": "P1D"}])
    assert answer.status_code == 201, answer.text
    path = "/own_type_tasks/aggregate?measures=took:sum,took:max"
    answer = await tasks.get(f"{path}&having=(took:sum__gt:P1D)")
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"] == [{"took:sum": "P1DT1H", "took:max": "P1D"}]


LABELS: list[dict[str, Any]] = [{}, {"a": None}, {'k"\\': "=>, \"x'", "é": "", "a": "1"}]


@pytest.mark.parametrize("labels", LABELS)
async def test_log_of_hstores(tasks: httpx2.AsyncClient, labels: dict[str, Any]) -> None:
    """An `hstore` comes back out of the log as it was."""
    answer = await tasks.post("/own_type_tasks/", json={"labels": labels})
    assert (answer.status_code, answer.json()["labels"]) == (201, labels), answer.text
    answer = await tasks.patch("/own_type_tasks/1", json={"labels": None, "took": "PT1S"})
    assert answer.status_code == 200, answer.text
    answer = await tasks.get("/own_type_tasks/1/history/")
    assert answer.status_code == 200, answer.text
    changed = [entry["changed"]["labels"] for entry in answer.json()["items"]]
    assert changed == [{"old": labels, "new": None}, {"old": None, "new": labels}]
    changes = (await tasks.get("/own_type_tasks/changes/")).json()["items"]
    assert [change["item"]["labels"] for change in changes] == [labels, None]
    answer = await tasks.post("/own_type_tasks/1/history/2/revert")
    assert (answer.status_code, answer.json()["labels"]) == (200, labels), answer.text
