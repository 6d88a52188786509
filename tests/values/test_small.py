"""Floats of four bytes, expressions that fail, and arrays."""

from typing import Any

import httpx2
import pytest

from tests.http.problems import faults_of, read_problem
from tests.worlds import World

from .conftest import RunSQL


@pytest.mark.parametrize("number", [0.1, 1 / 3, 16777217.0, 3.4e38, 1e-45, -0.7, 0.0])
async def test_reals(client: httpx2.AsyncClient, world: World, number: float) -> None:
    """A float of four bytes has its shortest text, and is found by it."""
    created = (await client.post("/measures/", json={"r": number, "many": [number]})).json()
    assert (await client.get("/measures/1")).json() == created
    shown = created["r"]
    assert created["many"] == [shown] or world.dialect == "sqlite"
    assert shown == pytest.approx(number, rel=1e-6)
    for operators, total in (("eq lte gte in", 1), ("lt gt ne not_in", 0)):
        for operator in operators.split():
            page = await client.get("/measures/", params={f"r__{operator}": shown})
            assert page.json()["total"] == total, operator
    page = (await client.get("/measures/?sort=r&limit=1&cursor=")).json()
    assert (page["items"], page["next"]) == ([created], None)


async def test_walk_over_reals(client: httpx2.AsyncClient) -> None:
    """A list is walked by floats of four bytes."""
    numbers = [0.1, 0.2, 0.3, 0.1, 16777216.0, -0.1]
    await client.post("/measures/bulk/", json=[{"r": number} for number in numbers])
    seen: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(f"/measures/?sort=r&limit=1&cursor={cursor}")).json()
        seen += [row["r"] for row in page["items"]]
        cursor = page["next"]
    assert seen == sorted(numbers)


@pytest.mark.parametrize("path", ["/hooks/", "/hooks/bulk/"])
async def test_expression_that_fails(client: httpx2.AsyncClient, path: str) -> None:
    """A value from which a column's own expression can't be computed is refused."""
    good, bad = {"payload": '{"kind": "a"}'}, {"payload": "{bad"}
    many = path.endswith("bulk/")
    created = await client.post(path, json=[good] if many else good)
    assert created.status_code == 201
    answer = await client.post(path, json=[good, bad] if many else bad)
    read_problem(answer, 422, "refused")
    answer = await client.patch("/hooks/1", json=bad)
    read_problem(answer, 422, "refused")
    assert (await client.get("/hooks/")).json()["total"] == 1


ARRAYS: dict[str, tuple[Any, Any]] = {
    "days": (["2024-01-01", "0001-01-01"], None),
    "times": (["2024-01-01T02:00:00+02:00"], ["2024-01-01T00:00:00Z"]),
    "spans": (["PT1H", "-P1D"], None),
    "blobs": (["/w==", ""], None),
    "grid": ([[1, 2], [3, 4]], None),
    "prices": (["1.50", "-0.05"], None),
    "floats": ([1.5, 2.25], None),
    "keys": (["00000000-0000-4000-8000-000000000001"], None),
    "colors": (["r", "b"], None),
    "words": (["a"], None),
    "pair": ([1, 2], None),
}


@pytest.mark.parametrize("name", ARRAYS)
async def test_arrays(world: World, client: httpx2.AsyncClient, name: str) -> None:
    """Arrays of every kind of items are stored and shown, alone and in bulk, and changed.

    On SQLite they are JSON, which stays as it was sent.
    """
    sent, shown = ARRAYS[name]
    shown = shown if shown and world.dialect == "postgresql" else sent
    created = await client.post("/arrays/", json={name: sent})
    assert created.status_code == 201, created.text
    assert created.json()[name] == shown
    assert (await client.get("/arrays/1")).content == created.content
    many = await client.post("/arrays/bulk/", json=[{name: sent}, {name: None}, {name: []}])
    if name != "pair":
        assert [row[name] for row in many.json()] == [shown, None, []]
    changed = await client.patch("/arrays/1", json={name: sent})
    assert changed.json() == created.json()
    read = (await client.get("/arrays/stream/")).json()
    assert read[0] == created.json()


@pytest.mark.parametrize(
    ("body", "code", "fault"),
    [
        ({"grid": [[1], [2, 3]]}, "invalid", ("/grid", "ragged_array")),
        ({"prices": ["1.00", "1.555"]}, "out_of_range", ("/prices/1", "out_of_range")),
        ({"floats": [1.555]}, "out_of_range", ("/floats/0", "out_of_range")),
        ({"grid": [[1], [2**40]]}, "out_of_range", ("/grid/1/0", "out_of_range")),
        ({"times": ["2024-01-01T00:00:00"]}, "invalid", ("/times/0", "timezone_aware")),
    ],
)
async def test_arrays_that_do_not_fit(
    client: httpx2.AsyncClient, world: World, body: Any, code: str, fault: tuple[str, str]
) -> None:
    """An item that an array can't hold is 422, with its place."""
    if world.dialect == "sqlite":
        pytest.skip("these columns are JSON there, which holds all of this")
    assert faults_of(read_problem(await client.post("/arrays/", json=body), 422, code)) == [fault]
    answer = await client.post("/arrays/bulk/", json=[{}, body])
    pointer, name = fault
    assert faults_of(read_problem(answer, 422, code)) == [(f"/1{pointer}", name)]


async def test_array_of_others(client: httpx2.AsyncClient, world: World, run_sql: RunSQL) -> None:
    """An array in which one item can't be read is shown."""
    if world.dialect == "sqlite":
        pytest.skip("SQLite has no arrays")
    await run_sql("INSERT INTO arrays (days) VALUES (ARRAY['2024-01-01', '0044-03-15 BC']::date[])")
    assert (await client.get("/arrays/")).json()["items"][0]["days"] == [
        "2024-01-01",
        "0044-03-15 BC",
    ]


async def test_abstract_types(client: httpx2.AsyncClient) -> None:
    """JSON columns of abstract types take what their annotation says, and nothing else."""
    body = {"words": ["a"], "counts": {"a": 1}, "anything": [1, {"b": None}]}
    created = await client.post("/abstracts/", json=body)
    assert created.json() == {"id": 1, **body}
    changed = await client.patch("/abstracts/1", json=body)
    assert changed.json() == created.json()
    for wrong in ({"words": "abc"}, {"words": [1]}, {"counts": {"a": "x"}}, {"counts": [1]}):
        assert (await client.post("/abstracts/", json=wrong)).status_code == 422, wrong
        assert (await client.patch("/abstracts/1", json=wrong)).status_code == 422, wrong
