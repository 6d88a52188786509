"""One value that can't be read stands in the way of nothing else."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy.dialects.sqlite import dialect

from modelwire import Resource
from modelwire.statement.dialects.sqlite_types import SQLiteFloat
from tests.conftest import make_app, open_client
from tests.worlds import World

from .conftest import RunSQL
from .tables import Shown, Thing

# Of each column: what others have stored on SQLite, on PostgreSQL, and how it is shown there.
STORED: dict[str, tuple[str, str, str, str]] = {
    "color": ("'GREEN'", "'GREEN'", "GREEN", "GREEN"),
    "day": ("'0000-00-00'", "'0044-03-15 BC'", "0000-00-00", "0044-03-15 BC"),
    "moment": ("'soon'", "'0044-03-15 12:00:00+00 BC'", "soon", "0044-03-15T12:00:00+00:00 BC"),
    "local": ("'2024-02-31 10:00:00'", "'294276-01-01'", "2024-02-31 10:00:00",
              "294276-01-01T00:00:00"),
    "clock": ("'25:00'", "'24:00:00'", "25:00", "24:00:00"),
    "span": ("'x'", "'3000000 years'", "x", "3000000 years"),
    "ratio": ("'Infinity'", "", "Infinity", ""),
    "price": ("'1_0'", "", "1_0", ""),
    "note": ("CAST(x'61ff62' AS TEXT)", "", "a\ufffdb", ""),
    "uid": ("CAST(x'41ff2d62' AS TEXT)", "", "A\ufffd-b", ""),
    "data": ("'{bad'", "", "{bad", ""),
}  # fmt: skip


@pytest_asyncio.fixture(params=STORED)
async def shown(
    request: pytest.FixtureRequest, world: World, client: httpx2.AsyncClient, run_sql: RunSQL
) -> dict[str, Any]:
    """Three rows, the second with a value that can't be read; gives it as it is shown."""
    name = request.param
    sqlite, postgresql, on_sqlite, on_postgresql = STORED[name]
    text = sqlite if world.dialect == "sqlite" else postgresql
    if not text:
        pytest.skip("PostgreSQL has no such values")
    await client.post("/things/bulk/", json=[{"note": n, "color": "r"} for n in "abc"])
    if name == "color" and world.dialect == "postgresql":
        await run_sql("ALTER TYPE thing_color ADD VALUE IF NOT EXISTS 'GREEN'")
    await run_sql(f"UPDATE things SET {name} = {text} WHERE id = 2")
    return {name: on_sqlite if world.dialect == "sqlite" else on_postgresql}


async def test_shown(client: httpx2.AsyncClient, shown: dict[str, Any]) -> None:
    """The row is shown with what the database has, alone, in lists, streams and CSV."""
    row = (await client.get("/things/2")).json()
    assert row == row | shown
    assert (await client.get("/things/")).json()["items"][1] == row
    assert (await client.get("/things/stream/")).json()[1] == row
    lines = await client.get("/things/stream/", headers={"Accept": "text/csv"})
    assert len(lines.text.splitlines()) == 4
    (value,) = shown.values()
    assert value in lines.text.splitlines()[2]


async def test_included(client: httpx2.AsyncClient, shown: dict[str, Any]) -> None:
    """It is shown where other rows include it."""
    await client.patch("/things/3", json={"owner_id": 2})
    await client.patch("/things/2", json={"owner_id": 1})
    owner = (await client.get("/things/3?include=owner")).json()["owner"]
    assert owner == owner | shown
    owned = (await client.get("/things/1?include=owned")).json()["owned"]
    assert owned == [owner]
    listed = (await client.get("/things/?include=owned,owner")).json()["items"]
    assert (listed[0]["owned"], listed[2]["owner"]) == ([owner], owner)
    assert (await client.get("/things/1/owned/")).json()["items"] == [owner]


async def test_changed(client: httpx2.AsyncClient, shown: dict[str, Any]) -> None:
    """The row can be changed, alone and among others, with its tag; and removed."""
    (name,) = shown
    body: dict[str, Any] = {"day": "2024-01-01"} if name != "day" else {"note": "x"}
    tag = (await client.get("/things/2")).headers["etag"]
    changed = await client.patch("/things/2", json=body, headers={"If-Match": tag})
    assert changed.status_code == 200, changed.text
    read = await client.get("/things/2")
    assert (read.content, read.headers["etag"]) == (changed.content, changed.headers["etag"])
    assert read.json() == read.json() | shown | body
    both = await client.patch("/things/bulk/", json=[{"id": 1, **body}, {"id": 2, **body}])
    assert both.json()[1] == read.json()
    url = "/things/?id=2"
    headers = {"Prefer": "max-affected=1"}
    assert (await client.patch(url, json=body, headers=headers)).json() == {"affected": 1}
    assert (await client.delete("/things/2")).status_code == 204


@pytest.mark.parametrize("descending", ["", "-"])
async def test_walk(client: httpx2.AsyncClient, shown: dict[str, Any], descending: str) -> None:
    """A list that is sorted by the column is walked forward and back, each row seen once."""
    (name,) = shown
    if name == "data":
        pytest.skip("JSON has no order")
    await client.post("/things/", json={})
    url = f"/things/?sort={descending}{name}"
    rows = [row["id"] for row in (await client.get(url)).json()["items"]]
    pages: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(f"{url}&limit=1&cursor={cursor}")).json()
        pages.append(page)
        cursor = page["next"]
        assert len(pages) <= 4
    assert [row["id"] for page in pages for row in page["items"]] == rows
    back, cursor = [], pages[-1]["previous"]
    while cursor is not None:
        page = (await client.get(f"{url}&limit=1&cursor={cursor}")).json()
        back.append(page["items"][0]["id"])
        cursor = page["previous"]
        assert len(back) <= 4
    assert back[::-1] == rows[:-1]


async def test_logged(
    world: World, lane: str, shown: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The log of each application names table, column and key, once, and not the value."""
    (name,) = shown
    for _ in range(2):
        caplog.clear()
        app = make_app(world.database, lane, (Resource(Thing),), {})
        with caplog.at_level(logging.WARNING, "modelwire"):
            async with open_client(app) as client:
                for _ in range(3):
                    await client.get("/things/")
        (line,) = caplog.messages
        assert f"column {name} of things" in line
        assert "key 2" in line
        assert shown[name] not in line


@pytest_asyncio.fixture
async def own_schema(world: World, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of things whose read schema is the user's own."""
    app = make_app(world.database, lane, (Resource(Thing, read_schema=Shown),), {})
    async with open_client(app) as made:
        yield made


async def test_own_read_schema(
    own_schema: httpx2.AsyncClient, client: httpx2.AsyncClient, run_sql: RunSQL
) -> None:
    """A read schema of the user's own shows it too, and computes what it does."""
    await client.post("/things/", json={"day": "2024-01-01"})
    await run_sql(
        sqlite="INSERT INTO things (day) VALUES ('never')",
        postgresql="INSERT INTO things (day) VALUES ('0001-01-01 BC')",
    )
    rows = (await own_schema.get("/things/")).json()["items"]
    assert [row["label"] for row in rows] == ["thing 1", "thing 2"]
    assert rows[1]["day"] in ("never", "0001-01-01 BC")


async def test_lone_surrogate(client: httpx2.AsyncClient, run_sql: RunSQL) -> None:
    """JSON that can't be written is shown as its text."""
    await run_sql(f"INSERT INTO things (data) VALUES ('{json.dumps({'a': chr(0xD800)})}')")
    answer = await client.get("/things/")
    assert answer.status_code == 200, answer.text
    assert "ud800" in answer.json()["items"][0]["data"]
    assert (await client.get("/things/1")).status_code == 200


async def test_ends_of_time(client: httpx2.AsyncClient, world: World, run_sql: RunSQL) -> None:
    """PostgreSQL's infinity is the end of time, also beside values that can't be read."""
    if world.dialect == "sqlite":
        pytest.skip("SQLite has no infinity")
    await run_sql("INSERT INTO things (moment, day) VALUES ('infinity', 'infinity')")
    first = (await client.get("/things/")).json()["items"]
    await run_sql("INSERT INTO things (day) VALUES ('0044-03-15 BC')")
    assert (await client.get("/things/")).json()["items"][:1] == first
    assert first[0]["day"] == "9999-12-31"


async def test_last_date(client: httpx2.AsyncClient, world: World, run_sql: RunSQL) -> None:
    """The last date is the same whoever stores it: found, grouped, and on each page once, also
    beside infinite ones, which come after it."""
    last = "9999-12-31"
    assert (await client.post("/things/", json={"day": last})).status_code == 201
    await run_sql(f"INSERT INTO things (day) VALUES ('{last}'), ('{last}'), ('2026-12-30')")
    if world.dialect == "postgresql":
        await run_sql("INSERT INTO things (day) VALUES ('infinity'), ('-infinity'), ('infinity')")
    found = await client.get("/things/", params={"day": last, "fields": "id"})
    assert [row["id"] for row in found.json()["items"]] == [1, 2, 3]
    sums = (await client.get("/things/aggregate?group=day:year")).json()["items"]
    assert sums[-1]["day:year"] == "9999-01-01"
    for order in ("day", "-day"):
        rows = (await client.get("/things/", params={"sort": order})).json()["items"]
        seen: list[Any] = []
        cursor = ""
        while cursor is not None and len(seen) <= len(rows):
            page = await client.get(
                "/things/", params={"sort": order, "limit": 1, "cursor": cursor}
            )
            seen += page.json()["items"]
            cursor = page.json()["next"]
        assert seen == rows


@pytest.mark.parametrize(
    ("name", "stored", "value"),
    [
        ("body", "'text'", "text"),
        ("body", "5", 5),
        ("words", "'a' || char(0) || 'b'", "a\0b"),
        ("amount", "9e999", "Infinity"),
        ("amount", "-9e999", "-Infinity"),
    ],
)
async def test_odd_values(
    client: httpx2.AsyncClient, world: World, run_sql: RunSQL, name: str, stored: str, value: Any
) -> None:
    """Values that only SQLite accepts are shown too, and lists go on beyond them."""
    if world.dialect == "postgresql":
        pytest.skip("PostgreSQL refuses such values")
    await run_sql(f"INSERT INTO oddities ({name}) VALUES (NULL), ({stored}), (NULL)")
    row = (await client.get("/oddities/2")).json()
    assert (row[name], row["label"]) == (value, "oddity 2")
    assert (await client.get("/oddities/")).json()["items"][1] == row
    found: list[Any] = []
    cursor: str | None = ""
    while cursor is not None and len(found) < 4:
        url = f"/oddities/?sort={name}&limit=1&cursor={cursor}"
        page = (await client.get(url)).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert found == [2, 1, 3]


@pytest.mark.parametrize("array", ["{3000000 years,01:00:00}", "{{3000000 years},{01:00:00}}"])
async def test_arrays_of_durations(
    client: httpx2.AsyncClient, world: World, run_sql: RunSQL, array: str
) -> None:
    """A duration that Python has not is shown as its text, in an array too."""
    if world.dialect == "sqlite":
        pytest.skip("SQLite has no arrays")
    await run_sql(f"INSERT INTO arrays (spans) VALUES ('{array}')")
    answer = await client.get("/arrays/1")
    assert answer.status_code == 200, answer.text
    assert "3000000 years" in answer.text
    assert (await client.get("/arrays/")).json()["items"] == [answer.json()]


@pytest.mark.parametrize("text", ["NaN", "-inf", "1_0", "\u0663", "infinity", "0x10", "1.5e", ""])
@pytest.mark.parametrize("name", ["ratio", "price"])
async def test_numbers_of_python(
    client: httpx2.AsyncClient, world: World, run_sql: RunSQL, name: str, text: str
) -> None:
    """A number that only Python could read sorts as in SQL: behind all numbers."""
    if world.dialect == "postgresql":
        pytest.skip("PostgreSQL has no such values")
    values = ("2", f"'{text}'", "9e300", f"'{text}'", "0.5", "NULL")
    rows = ", ".join(f"({n}, {value})" for n, value in enumerate(values, 1))
    await run_sql(f"INSERT INTO things (id, {name}) VALUES {rows}")
    listed = (await client.get(f"/things/?sort={name}")).json()["items"]
    assert [row["id"] for row in listed] == [5, 1, 3, 2, 4, 6]
    assert [row[name] for row in listed[3:]] == [text, text, None]
    for sign in ("", "-"):
        whole = (await client.get(f"/things/?sort={sign}{name}")).json()["items"]
        walked: list[Any] = []
        cursor: str | None = ""
        while cursor is not None and len(walked) < 7:
            page = (await client.get(f"/things/?sort={sign}{name}&limit=1&cursor={cursor}")).json()
            walked += page["items"]
            cursor = page["next"]
        assert walked == whole


@pytest.mark.parametrize("stored", [2**53 + 1, "1.5", "NaN", b"1.5"])
def test_no_floats(stored: Any) -> None:
    """An integer that no float is equal to is none, and neither is a text."""
    read = SQLiteFloat().result_processor(dialect(), None)
    assert read is not None
    with pytest.raises(ValueError, match="no float"):
        read(stored)
    assert [read(number) for number in (None, 2, 2**53, 0.1)] == [None, 2.0, 2.0**53, 0.1]


@pytest.mark.parametrize("beside", ["01:00:00", "3000000 years"])
async def test_months_in_arrays(
    client: httpx2.AsyncClient, world: World, run_sql: RunSQL, beside: str
) -> None:
    """Months have 30 days in arrays too, whether or not something else in them can't be read.

    What is shown has years as Pydantic writes and reads them: of 365 days.
    """
    if world.dialect == "sqlite":
        pytest.skip("SQLite has no arrays")
    array = f"{{1 year,-1 year -1 month,1 month -1 day 1 microsecond,{beside}}}"
    await run_sql(f"INSERT INTO arrays (spans) VALUES ('{array}')")
    spans = (await client.get("/arrays/1")).json()["spans"]
    assert spans[:3] == ["P360D", "-P1Y25D", "P29DT0.000001S"]
