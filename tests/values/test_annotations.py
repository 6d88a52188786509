"""Values are shown, taken and compared by their annotations, whatever their columns store."""

import csv
import io
from typing import Any

import httpx2
import pytest

from tests.http.problems import faults_of, read_problem
from tests.worlds import World

from .conftest import RunSQL

WHOLE: dict[str, Any] = {
    "price": 2.25,
    "count": 12,
    "day": "2024-05-06",
    "ok": False,
    "level": 3,
    "color": "b",
    "exact": "0.1",
    "number": 42,
}
DEFAULTS = {"price": 1.5, "count": 2, "day": "2024-01-02", "ok": True}


async def test_values(client: httpx2.AsyncClient) -> None:
    """Values are shown as they were sent, by every way in and out."""
    created = (await client.post("/items/", json={**WHOLE, "pin": "1234"})).json()
    assert created == {"id": 1, **WHOLE}
    assert (await client.get("/items/1")).json() == created
    many = (await client.post("/items/bulk/", json=[WHOLE, {}])).json()
    assert many[0] == {"id": 2, **WHOLE}
    assert {name: many[1][name] for name in DEFAULTS} == DEFAULTS
    changed = await client.patch("/items/3", json=WHOLE)
    assert changed.json() == {"id": 3, **WHOLE}
    streamed = await client.get("/items/stream/", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(streamed.text)))
    assert rows[0] == {"id": "1", **{k: written(v) for k, v in WHOLE.items()}}


def written(value: Any) -> str:
    """A value as a cell."""
    return str(value).lower() if isinstance(value, bool) else str(value)


async def test_schema(world: World, client: httpx2.AsyncClient) -> None:
    """The answer is what the schema says."""
    document = (await client.get("/openapi.json")).json()
    properties = document["components"]["schemas"]["ItemRead"]["properties"]
    types = {name: schema.get("type") for name, schema in properties.items()}
    assert types == types | {"price": "number", "count": "integer", "ok": "boolean"}
    assert properties["day"]["format"] == "date"
    assert "pin" not in properties
    assert "pin" in document["components"]["schemas"]["ItemCreate"]["properties"]


async def test_filters(client: httpx2.AsyncClient) -> None:
    """Filters compare values as their annotations have them."""
    await client.post("/items/bulk/", json=[WHOLE, {}, {"number": 5, "price": 10}])
    found = {
        "price=2.25": [1],
        "price__gt=2": [1, 3],
        "count__in=12,13": [1],
        "day=2024-05-06": [1],
        "day__lt=2024-02-01": [2, 3],
        "ok=true": [2, 3],
        "ok=false": [1],
        "level=3": [1],
        "color=b": [1],
        "color__ne=b": [2, 3],
        "exact=0.1": [1],
        "number=42": [1],
    }
    for query, keys in found.items():
        page = (await client.get(f"/items/?{query}")).json()
        assert [row["id"] for row in page["items"]] == keys, query


async def test_order_and_pages(client: httpx2.AsyncClient) -> None:
    """Orders are those of the values, and a walk sees each row once."""
    bodies = [
        {"price": p, "day": f"2024-01-0{d}", "level": v} for p, d, v in ((9, 3, 1), (10, 1, 3))
    ]
    await client.post("/items/bulk/", json=[*bodies, {"price": 9, "day": "2024-01-02"}])
    for sort, keys in {"price": [1, 3, 2], "-day": [1, 3, 2], "level": [2, 1, 3]}.items():
        seen: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await client.get(f"/items/?sort={sort}&limit=1&cursor={cursor}")).json()
            seen += [row["id"] for row in page["items"]]
            cursor = page["next"]
        assert seen == keys, sort


@pytest.mark.parametrize(
    ("body", "code", "fault"),
    [
        ({"price": 1.555}, "out_of_range", "out_of_range"),
        ({"count": 10**11}, "out_of_range", "out_of_range"),
        ({"price": "x"}, "invalid", "float_parsing"),
        ({"level": 2}, "invalid", "enum"),
    ],
)
async def test_refused(
    client: httpx2.AsyncClient, body: dict[str, Any], code: str, fault: str
) -> None:
    """A value that fits the annotation but not the column is 422, with its place."""
    (name,) = body
    for answer in (
        await client.post("/items/", json=body),
        await client.post("/items/bulk/", json=[{}, body]),
    ):
        problem = read_problem(answer, 422, code)
        assert [(p.rpartition("/")[2], c) for p, c in faults_of(problem)] == [(name, fault)]


async def test_secret(client: httpx2.AsyncClient, run_sql: RunSQL) -> None:
    """A secret is written and never shown, searched or compared."""
    created = await client.post("/items/", json={"pin": "1234"})
    assert "1234" not in created.text
    await run_sql("UPDATE items SET number = 'kept' WHERE pin = '1234'")
    assert (await client.get("/items/1")).json()["number"] == "kept"
    assert (await client.get("/items/?q=1234")).json()["items"] == []
    for query in ("pin=1234", "pin__isnull=true", "sort=pin", "fields=pin", "or=(pin:1234)"):
        assert (await client.get(f"/items/?{query}")).status_code == 422, query


async def test_values_of_others(client: httpx2.AsyncClient, run_sql: RunSQL) -> None:
    """A stored value that doesn't fit the annotation is shown as text."""
    await client.post("/items/", json={})
    await run_sql("UPDATE items SET ok = 7, count = 3, number = '1x', color = 'zz', level = 9")
    row = (await client.get("/items/1")).json()
    assert (row["ok"], row["count"], row["number"]) == ("7", 3, "1x")
    assert (row["color"], row["level"]) == ("zz", "9")
    assert (await client.get("/items/?sort=-color,level")).json()["items"] == [row]
