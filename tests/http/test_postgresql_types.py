"""Types that only PostgreSQL has, or has otherwise than SQLite."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import ARRAY, REAL, Column, Float, Integer, MetaData, SmallInteger, Text
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource
from tests.conftest import create_postgres_database, make_app, open_client
from tests.http.problems import faults_of, read_problem
from tests.http.rows import refused_parameters


class Base(SQLModel):
    """The base of the tables of these tests."""

    metadata = MetaData()


class Measure(Base, table=True):
    """Floats of four bytes, and arrays."""

    __tablename__ = "measures"

    id: int | None = Field(default=None, primary_key=True)
    short: float | None = Field(default=None, sa_type=REAL)
    single: float | None = Field(default=None, sa_column=Column(Float(24)))
    counts: list[int] | None = Field(default=None, sa_column=Column(ARRAY(Integer)))
    grid: list[list[int]] | None = Field(
        default=None, sa_column=Column(ARRAY(SmallInteger, dimensions=2))
    )
    words: list[str] | None = Field(default=None, sa_column=Column(ARRAY(Text)))


@pytest_asyncio.fixture(scope="module")
async def measured(postgres_server: str, worker_id: str) -> AsyncIterator[Database]:
    """A database with the table."""
    url = await create_postgres_database(postgres_server, f"modelwire_types_{worker_id}")
    database = Database(url, metadata=Base.metadata)
    await database.init_db()
    yield database
    await database.close_db()


@pytest_asyncio.fixture
async def measures(measured: Database, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the table, on either lane."""
    async with open_client(make_app(measured, lane, (Resource(Measure),), {})) as client:
        yield client


VALUES = {"short": 0.5, "single": -3.4e38, "counts": [1, -(2**31)], "grid": [[1], [2]]}


async def test_values_come_out_whole(measures: httpx2.AsyncClient) -> None:
    """A value that fits is stored and shown as it was sent."""
    body = {**VALUES, "words": ["a", "\u00e9"]}
    answer = await measures.post("/measures/", json=body)
    assert answer.status_code == 201, answer.text
    stored = answer.json()
    assert stored == {"id": stored["id"], **body}


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("short", 1e39, ""),
        ("single", -1e300, ""),
        ("counts", [1, 3_000_000_000], "/1"),
        ("grid", [[1], [40_000]], "/1/0"),
    ],
)
async def test_values_that_do_not_fit(
    measures: httpx2.AsyncClient, field: str, value: Any, place: str, many: bool
) -> None:
    """A value that a column can't hold is refused before the database sees it."""
    row = {field: value}
    body, url = ([VALUES, row], "/measures/bulk/") if many else (row, "/measures/")
    problem = read_problem(await measures.post(url, json=body), 422, "out_of_range")
    pointer = f"/1/{field}{place}" if many else f"/{field}{place}"
    assert faults_of(problem) == [(pointer, "out_of_range")]


async def test_text_in_an_array(measures: httpx2.AsyncClient) -> None:
    """Characters that no text can hold are refused in arrays too."""
    answer = await measures.post("/measures/", json={"words": ["a\x00"]})
    assert answer.status_code == 422


@pytest.mark.parametrize("value", ["1e39", "-1e39", "0.5"])
async def test_comparison(measures: httpx2.AsyncClient, value: str) -> None:
    """A column of four bytes is compared with what only eight can hold."""
    answer = await measures.get(f"/measures/?short__gt={value}&single__lt={value}")
    assert answer.status_code == 200, answer.text
    assert refused_parameters(await measures.get("/measures/?short__gt=x")) == ["short__gt"]
