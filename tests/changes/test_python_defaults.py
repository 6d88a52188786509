"""Rows of the log whose columns have defaults in Python that are no values of their columns."""

import enum
import uuid
from collections.abc import AsyncIterator
from datetime import date
from ipaddress import IPv4Address
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from pydantic import BaseModel
from sqlalchemy import JSON, DateTime, String
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Changes, Database, Resource
from modelwire.catalog.defaults import constant_of
from tests.conftest import PATIENT, MakeURL, make_app, open_client
from tests.lanes import DIALECTS


class Size(BaseModel):
    width: int
    unit: str = "cm"


class Grade(enum.Enum):
    LOW = "low"
    HIGH = "high"


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own, whatever those of other tests are called."""


class Crate(Base, table=True):
    __tablename__ = "crates"

    id: int | None = Field(default=None, primary_key=True)
    size: Size = Field(default=Size(width=1), sa_type=JSON)
    grades: list[Grade] = Field(default=[Grade.LOW], sa_type=JSON)
    grade: Grade = Field(default=Grade.HIGH, sa_type=String)
    address: IPv4Address = IPv4Address("10.0.0.1")
    code: uuid.UUID = Field(default=uuid.UUID(int=7), sa_type=String)
    day: date = Field(default=date(2024, 1, 2), sa_type=DateTime)
    count: int = 3


DEFAULTS: dict[str, Any] = {
    "size": {"width": 1, "unit": "cm"},
    "grades": ["low"],
    "grade": "high",
    "address": "10.0.0.1",
    "code": str(uuid.UUID(int=7)),
    "day": "2024-01-02",
    "count": 3,
}


@pytest_asyncio.fixture(params=DIALECTS)
async def client(
    request: pytest.FixtureRequest, make_url: MakeURL, lane: str
) -> AsyncIterator[httpx2.AsyncClient]:
    url = await make_url(request.param, "python_defaults")
    database = Database(url, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    app = make_app(database, lane, (Resource(Crate, changes=Changes()),), {})
    async with open_client(app) as client:
        yield client
    await database.close_db()


async def test_read(client: httpx2.AsyncClient) -> None:
    """A row that has them is read out of the log, followed, and taken back."""
    row = {"id": 1, **DEFAULTS}
    assert (await client.post("/crates/", json={})).json() == row
    await client.patch("/crates/1", json={"grade": "low", "size": {"width": 2}})
    last, first = (await client.get("/crates/1/history/")).json()["items"]
    assert first["changed"] == {name: {"old": None, "new": row[name]} for name in row}
    assert last["changed"]["grade"] == {"old": "high", "new": "low"}
    url = f"/crates/1?as_of={first['at'].replace('+', '%2B')}"
    assert (await client.get(url)).json() == row
    assert (await client.get("/crates/changes/")).json()["items"][0]["item"] == row
    back = await client.post(f"/crates/1/history/{last['number']}/revert")
    assert (back.status_code, back.json()) == (200, row)


def test_constants() -> None:
    """The default of a column is what a row stores that has it."""
    columns = Crate.__table__.c  # type: ignore[attr-defined]
    found = {name: constant_of(columns[name]) for name in DEFAULTS if name != "day"}
    assert found == {name: DEFAULTS[name] for name in found}
    assert constant_of(columns.day).date() == date(2024, 1, 2)
    assert constant_of(columns.id) is None
