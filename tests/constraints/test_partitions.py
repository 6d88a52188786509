"""A table that PostgreSQL keeps in partitions is served like any other, and on SQLite as one."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    MetaData,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Database, Resource, SessionDep
from tests.conftest import PATIENT, MakeURL, empty_tables, make_app, open_client
from tests.http.problems import read_problem
from tests.lanes import DIALECTS

pytestmark = pytest.mark.both_lanes


class PartedBase(SQLModel, registry=registry()):
    """Tables of their own, of which no other test makes partitions."""

    metadata = MetaData()


class Gauge(PartedBase, table=True):
    __tablename__ = "gauges"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    readings: list["Reading"] = Relationship(back_populates="gauge")


class Reading(PartedBase, table=True):
    __tablename__ = "readings"
    __table_args__ = (
        UniqueConstraint("month", "code"),
        Index("one_serial", "month", "serial", unique=True),
        CheckConstraint("value >= 0", name="value_positive"),
        {"postgresql_partition_by": "RANGE (month)"},
    )
    month: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    code: str
    serial: int | None = None
    value: float = 0
    gauge_id: int = Field(foreign_key="gauges.id")
    gauge: Gauge = Relationship(back_populates="readings")
    remarks: list["Remark"] = Relationship(back_populates="reading")


class Remark(PartedBase, table=True):
    __tablename__ = "remarks"
    __table_args__ = (
        ForeignKeyConstraint(["month", "reading_id"], ["readings.month", "readings.id"]),
    )
    id: int | None = Field(default=None, primary_key=True)
    month: int
    reading_id: int
    text: str
    reading: Reading = Relationship(back_populates="remarks")


PARTS = ("PARTITION OF readings FOR VALUES FROM (1) TO (5)", "PARTITION OF readings DEFAULT")
for number, part in enumerate(PARTS):
    sql = DDL(f'CREATE TABLE "Part {number}" {part}').execute_if(dialect="postgresql")
    event.listen(Reading.__table__, "after_create", sql)  # type: ignore[attr-defined]

RESOURCES = (
    Resource(Gauge, includes=["readings"]),
    Resource(Reading, includes=["gauge", "remarks"]),
    Resource(Remark, includes=["reading"]),
)


@pytest_asyncio.fixture(scope="module", params=DIALECTS)
async def parted(request: pytest.FixtureRequest, make_url: MakeURL) -> AsyncIterator[Database]:
    """A database with partitions, where it has any."""
    database = Database(
        await make_url(request.param, "parts"), metadata=PartedBase.metadata, **PATIENT
    )
    await database.init_db()
    yield database
    await database.close_db()


@pytest_asyncio.fixture
async def gauges(parted: Database, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of them, with two gauges and some readings in each partition."""
    await empty_tables(parted)
    app = make_app(parted, lane, RESOURCES, {})

    @app.post("/own")
    async def create(session: SessionDep, code: str) -> None:
        session.add(Reading(month=2, id=99, code=code, gauge_id=1))
        await session.commit()

    async with open_client(app) as client:
        await client.post("/gauges/bulk/", json=[{"name": "a"}, {"name": "b"}])
        answer = await client.post("/readings/bulk/", json=list(rows()))
        assert answer.status_code == 201, answer.text
        yield client


def rows(value: float = 1) -> Iterator[dict[str, Any]]:
    for month in (2, 3, 7):
        for number in range(4):
            yield {
                "month": month,
                "id": number,
                "code": f"c{number}",
                "serial": number,
                "value": value + number,
                "gauge_id": 1 + number % 2,
            }


REFUSED: dict[str, tuple[dict[str, Any], int, str, list[str]]] = {
    "key": ({"id": 1, "code": "new"}, 400, "already_exists", ["/id", "/month"]),
    "unique": ({"code": "c1"}, 400, "already_exists", ["/code", "/month"]),
    "index": ({"serial": 1}, 400, "already_exists", ["/month", "/serial"]),
    "check": ({"value": -1}, 422, "check", ["/value"]),
    "parent": ({"gauge_id": 9}, 400, "parent_not_found", ["/gauge_id"]),
}


@pytest.mark.parametrize("month", [2, 7])
@pytest.mark.parametrize("kind", REFUSED)
async def test_refusals_name_fields(gauges: httpx2.AsyncClient, kind: str, month: int) -> None:
    """A refusal by a partition is reported like one by the table, single and in bulk."""
    changes, status, code, pointers = REFUSED[kind]
    row = {"month": month, "id": 9, "code": "new", "gauge_id": 1, **changes}
    problem = read_problem(await gauges.post("/readings/", json=row), status, code)
    assert sorted(error["pointer"] for error in problem["errors"]) == pointers
    other = {"month": 4, "id": 1, "code": "x", "gauge_id": 1}
    answer = await gauges.post("/readings/bulk/", json=[other, row])
    problem = read_problem(answer, status, code)
    assert sorted(error["pointer"] for error in problem["errors"]) == [f"/1{p}" for p in pointers]


async def test_own_endpoints_name_fields(gauges: httpx2.AsyncClient) -> None:
    """So it is in endpoints of the application's own."""
    answer = await gauges.post("/own?code=c1")
    assert "Month and code" in read_problem(answer, 400, "already_exists")["detail"]


async def test_no_partition(parted: Database, gauges: httpx2.AsyncClient) -> None:
    """A value that no partition takes is told by its field; SQLite takes it."""
    if parted.dialect == "sqlite":
        return
    async with parted.engine.begin() as connection:
        await connection.exec_driver_sql('ALTER TABLE readings DETACH PARTITION "Part 1"')
    try:
        row = {"month": 8, "id": 1, "code": "x", "gauge_id": 1}
        problem = read_problem(await gauges.post("/readings/", json=row), 422, "check")
        assert [error["pointer"] for error in problem["errors"]] == ["/month"]
    finally:
        async with parted.engine.begin() as connection:
            await connection.exec_driver_sql(
                'ALTER TABLE readings ATTACH PARTITION "Part 1" DEFAULT'
            )


async def test_moves_between_partitions(gauges: httpx2.AsyncClient) -> None:
    """A row whose key changes goes to its partition, unless others refer to it."""
    assert (await gauges.patch("/readings/2,1", json={"month": 8})).json()["month"] == 8
    assert (await gauges.get("/readings/2,1")).status_code == 404
    assert (await gauges.get("/readings/8,1")).status_code == 200
    remark = {"month": 2, "reading_id": 2, "text": "x"}
    assert (await gauges.post("/remarks/", json=remark)).status_code == 201
    read_problem(await gauges.patch("/readings/2,2", json={"month": 9}), 409, "still_referenced")
    read_problem(await gauges.delete("/readings/2,2"), 409, "still_referenced")


async def test_upserts(gauges: httpx2.AsyncClient) -> None:
    """Rows that are there are merged in every partition, by either key that holds its column."""
    for key in ("month,id", "month,code", "month,serial"):
        sent = [{**row, "value": 50} for row in rows()] + [
            {"month": 5, "id": 1, "code": "c1", "serial": 1, "gauge_id": 1, "value": 50}
        ]
        answer = await gauges.post(f"/readings/bulk/?on_conflict={key}", json=sent)
        assert answer.status_code == 200, answer.text
        assert [row["value"] for row in answer.json()] == [50] * 13
    assert (await gauges.get("/readings/?limit=1")).json()["total"] == 13


async def test_keysets_and_includes(gauges: httpx2.AsyncClient) -> None:
    """Pages by cursor go through all partitions once, and includes find rows in each."""
    seen, url = [], "/readings/?sort=-value,month&limit=5&include=gauge&cursor="
    while url:
        page = (await gauges.get(url)).json()
        seen += [(row["month"], row["id"]) for row in page["items"]]
        assert all(row["gauge"]["id"] == row["gauge_id"] for row in page["items"])
        after = page["next"]
        url = f"/readings/?sort=-value,month&limit=5&include=gauge&cursor={after}" if after else ""
    assert seen == [(month, number) for number in (3, 2, 1, 0) for month in (2, 3, 7)]
    gauge = (await gauges.get("/gauges/1?include=readings")).json()
    assert {row["month"] for row in gauge["readings"]} == {2, 3, 7}


async def test_estimates(parted: Database, gauges: httpx2.AsyncClient) -> None:
    """An estimate of all partitions is one number; SQLite counts."""
    async with parted.engine.begin() as connection:
        await connection.exec_driver_sql("ANALYZE")
    page = (await gauges.get("/readings/?count=estimate&limit=2")).json()
    assert page["total"] == 12


async def test_mass_changes(gauges: httpx2.AsyncClient) -> None:
    """All rows that match are changed and deleted, in whichever partition they are."""
    told = {"Prefer": "max-affected=10"}
    changed = await gauges.patch("/readings/?id=1", json={"value": 9}, headers=told)
    assert changed.json() == {"affected": 3}
    assert (await gauges.delete("/readings/?value=9", headers=told)).json() == {"affected": 3}
    sums = await gauges.get("/readings/aggregate/?group=month&measures=count,value:sum")
    assert [row["count"] for row in sums.json()["items"]] == [3, 3, 3]
