"""Times of day with an offset: one time in whatever offset it comes, shown in UTC."""

import datetime as dt
from typing import Any

import httpx2
import pytest
from sqlalchemy import Column, Time
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Resource
from tests.conftest import empty_tables
from tests.worlds import World, make_world_fixture, on_lanes

EAST = dt.timezone(dt.timedelta(hours=2))


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Shift(Base, table=True):
    __tablename__ = "shifts"

    starts: dt.time = Field(sa_column=Column(Time(timezone=True), primary_key=True))
    ends: dt.time | None = Field(
        default=dt.time(12, tzinfo=EAST), sa_column=Column(Time(timezone=True), unique=True)
    )


clocks_world = make_world_fixture("clocks", Base.metadata, on_lanes((Resource(Shift),)))


async def prepare(world: World, lane: str) -> httpx2.AsyncClient:
    await empty_tables(world.database)
    client = world.clients[lane]
    rows = [
        {"starts": "01:30:00.5+03:30"},
        {"starts": "08:00:00Z", "ends": "23:59:59.999999-14:00"},
        {"starts": "12:00:00+02:00", "ends": None},
    ]
    assert (await client.post("/shifts/bulk/", json=rows)).json() == SHOWN
    return client


SHOWN: list[dict[str, Any]] = [
    {"starts": "22:00:00.500000Z", "ends": "10:00:00Z"},
    {"starts": "08:00:00Z", "ends": "13:59:59.999999Z"},
    {"starts": "10:00:00Z", "ends": None},
]
LATE, EARLY, MIDDLE = SHOWN

FOUND: dict[str, list[Any]] = {
    "starts=10:00:00Z": [MIDDLE],
    "starts=10:00:00": [MIDDLE],
    "starts=12:00:00%2B02:00": [MIDDLE],
    "starts__lte=05:00:00-05:00": [EARLY, MIDDLE],
    "starts__in=08:00:00,22:00:00.5Z": [EARLY, LATE],
    "starts__between=09:00:00Z,23:00:00Z&sort=-starts": [LATE, MIDDLE],
    "ends__ne=10:00:00": [EARLY, MIDDLE],
    "sort=-ends": [MIDDLE, EARLY, LATE],
    "or=(ends:%2210:00:00Z%22,starts:%2208:00:00%22)": [EARLY, LATE],
}


async def test_filters(clocks_world: World, lane: str) -> None:
    """They compare as times, without an offset as in UTC."""
    client = await prepare(clocks_world, lane)
    for query, rows in FOUND.items():
        answer = await client.get(f"/shifts/?{query}")
        assert answer.json().get("items") == rows, (query, answer.text)


async def test_pages(clocks_world: World, lane: str) -> None:
    """Cursors walk over them, also among NULLs."""
    client = await prepare(clocks_world, lane)
    seen: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(f"/shifts/?sort=ends&limit=1&cursor={cursor}")).json()
        seen, cursor = [*seen, *page["items"]], page["next"]
    assert seen == [LATE, EARLY, MIDDLE]


async def test_writes(clocks_world: World, lane: str) -> None:
    """One time is one key and one unique value, in each of its offsets."""
    client = await prepare(clocks_world, lane)
    row = await client.get("/shifts/12:00:00+02:00")
    assert row.json() == MIDDLE
    same = await client.patch("/shifts/10:00:00Z", json={"starts": "07:00:00-03:00"})
    assert (same.status_code, same.content) == (200, row.content)
    taken = await client.post("/shifts/", json={"starts": "01:00:00Z", "ends": "11:00:00+01:00"})
    assert (taken.status_code, taken.json()["detail"]) == (400, "Ends already exists")
    upserted = await client.post(
        "/shifts/bulk/?on_conflict=starts", json=[{"starts": "08:00:00Z", "ends": "04:00:00Z"}]
    )
    assert upserted.json() == [{"starts": "08:00:00Z", "ends": "04:00:00Z"}]


@pytest.mark.parametrize("text", ["10:00:00", "25:00:00Z", "10:00:00+25:00"])
async def test_refused(clocks_world: World, lane: str, text: str) -> None:
    """A time without an offset is refused in a body, as for moments."""
    client = await prepare(clocks_world, lane)
    answer = await client.post("/shifts/", json={"starts": text})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "/starts")


OTHERS = """
INSERT INTO shifts (starts, ends) VALUES ('01:30:00.5+03:30', '12:00:00+02:00');
INSERT INTO shifts (starts, ends) VALUES ('03:00:00-05:00', '23:59:59.999999-14:00');
INSERT INTO shifts (starts, ends) VALUES ('12:00:00+02:00', NULL)
"""


async def prepare_others(world: World, lane: str) -> httpx2.AsyncClient:
    """Have the same rows, as another program has stored them."""
    await empty_tables(world.database)
    async with world.database.engine.begin() as connection:
        for statement in OTHERS.split(";"):
            await connection.exec_driver_sql(statement)
    return world.clients[lane]


@pytest.mark.both_lanes
async def test_offsets_of_others(clocks_world: World, lane: str) -> None:
    """A time stored with an offset by another program is found, sorted and named as any other."""
    client = await prepare_others(clocks_world, lane)
    for query, rows in FOUND.items():
        answer = await client.get(f"/shifts/?{query}")
        assert answer.json().get("items") == rows, (query, answer.text)
    for sort in ("starts", "-ends"):
        seen: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await client.get(f"/shifts/?sort={sort}&limit=1&cursor={cursor}")).json()
            seen, cursor = [*seen, *page["items"]], page["next"]
        assert seen == (await client.get(f"/shifts/?sort={sort}")).json()["items"]
    assert (await client.get("/shifts/10:00:00Z")).json() == MIDDLE
    changed = await client.patch("/shifts/10:00:00Z", json={"ends": "04:00:00Z"})
    assert changed.json() == {**MIDDLE, "ends": "04:00:00Z"}
    many = await client.patch(
        "/shifts/bulk/", json=[{"starts": row["starts"], "ends": None} for row in SHOWN]
    )
    assert many.json() == [{**row, "ends": None} for row in SHOWN]
    for row in SHOWN:
        assert (await client.delete(f"/shifts/{row['starts']}")).status_code == 204
