"""Durations as keys: those before zero too."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.rows import store

SPANS = ("-P27Y144D", "-P1DT1S", "-PT1H", "-PT0.000001S", "PT0S", "PT1H30M", "P1D")


class Offset(SQLModel, table=True):
    __tablename__ = "offsets"

    span: timedelta = Field(primary_key=True)
    place: int = Field(primary_key=True)
    name: str = ""


@pytest_asyncio.fixture
async def offsets(make_client: MakeClient, database: Database) -> httpx2.AsyncClient:
    client: httpx2.AsyncClient = await make_client(Resource(Offset))
    answer = await client.post(
        "/offsets/bulk/", json=[{"span": span, "place": 0} for span in SPANS]
    )
    assert [row["span"] for row in answer.json()] == list(SPANS)
    return client


@pytest.mark.parametrize("span", ["-PT90M", "-PT0.5S", "-P400D", "PT1M", "P1DT2H"])
async def test_path_of_a_new_row(offsets: httpx2.AsyncClient, span: str) -> None:
    """A new row's path has its duration as the row shows it, and leads to it."""
    answer = await offsets.post("/offsets/", json={"span": span, "place": 5})
    row, location = answer.json(), answer.headers["location"]
    assert location == f"/offsets/{row['span']},5"
    assert (await offsets.get(location)).json() == row
    changed = await offsets.patch(location, json={"name": "x"})
    assert changed.json() == {**row, "name": "x"}
    assert (await offsets.delete(location)).status_code == 204


async def test_filters(offsets: httpx2.AsyncClient) -> None:
    """Durations before zero are compared as such."""
    for query, found in (
        ("span=-PT3600S", ["-PT1H"]),
        ("span__lt=PT0S", list(SPANS[:4])),
        ("span__in=-PT1H,P1D", ["-PT1H", "P1D"]),
        ("span__between=-PT60M,-PT0.000001S", ["-PT1H", "-PT0.000001S"]),
        ('or=(span:-P1DT1S,span:"P1D")', ["-P1DT1S", "P1D"]),
    ):
        page = (await offsets.get(f"/offsets/?{query}")).json()
        assert [row["span"] for row in page["items"]] == found, query


@pytest.mark.parametrize("sort", ["span", "-span"])
async def test_cursors(offsets: httpx2.AsyncClient, sort: str) -> None:
    """A walk by cursor passes durations on both sides of zero, each once."""
    seen: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await offsets.get(f"/offsets/?sort={sort}&limit=2&cursor={cursor}")).json()
        seen += [row["span"] for row in page["items"]]
        cursor = page["next"]
    assert seen == list(SPANS if sort == "span" else reversed(SPANS))


async def test_keys_in_bodies(offsets: httpx2.AsyncClient) -> None:
    """Bulk requests name rows by durations before zero."""
    rows = [{"span": "-PT60M", "place": 0, "name": "a"}]
    answer = await offsets.patch("/offsets/bulk/", json=rows)
    assert answer.json() == [{"span": "-PT1H", "place": 0, "name": "a"}]
    answer = await offsets.request("DELETE", "/offsets/bulk/", json=["-PT1H,0"])
    assert answer.status_code == 204


async def test_stored_by_others(offsets: httpx2.AsyncClient, database: Database) -> None:
    """Durations stored by the application's own code are read as the same."""
    await store(database, Offset(span=timedelta(hours=-3), place=9))
    assert (await offsets.get("/offsets/-PT3H,9")).json()["span"] == "-PT3H"
