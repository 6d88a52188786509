"""Vectors are arrays of numbers, and what JSON has no type for stands in no way."""

from typing import Any

import httpx2
import pytest

from tests.http.problems import faults_of, read_problem
from tests.worlds import World

VECTOR = [0.1, -2.5, 3.0]


async def test_vectors(client: httpx2.AsyncClient) -> None:
    """A vector is stored and shown as its numbers, by every way in and out."""
    body = {"vector": VECTOR, "loose": [1.0, 2.0], "half": [0.5, -0.25]}
    created = await client.post("/embeddings/", json=body)
    assert created.status_code == 201, created.text
    assert created.json() == created.json() | body
    assert (await client.get("/embeddings/1")).content == created.content
    many = await client.post("/embeddings/bulk/", json=[{"vector": VECTOR}, {}])
    assert [row["vector"] for row in many.json()] == [VECTOR, None]
    changed = await client.patch("/embeddings/2", json={"vector": [1, 2, 3]})
    assert changed.json()["vector"] == [1.0, 2.0, 3.0]
    assert (await client.get("/embeddings/stream/")).json()[0] == created.json()
    page = await client.get("/embeddings/?vector__isnull=true")
    assert [row["id"] for row in page.json()["items"]] == [3]


@pytest.mark.parametrize(
    ("value", "place", "code"),
    [
        ([1, 2], "", "too_short"),
        ([1, 2, 3, 4], "", "too_long"),
        ([1, "x", 3], "/1", "float_parsing"),
        ("abc", "", "list_type"),
    ],
)
async def test_wrong_vectors(client: httpx2.AsyncClient, value: Any, place: str, code: str) -> None:
    """A vector of another length, or of anything but numbers, is 422."""
    problem = read_problem(
        await client.post("/embeddings/", json={"vector": value}), 422, "invalid"
    )
    assert faults_of(problem) == [(f"/vector{place}", code)]


async def test_empty_vector(client: httpx2.AsyncClient) -> None:
    """A vector has at least one number."""
    problem = read_problem(await client.post("/embeddings/", json={"loose": []}), 422, "invalid")
    assert faults_of(problem) == [("/loose", "vector_length")]


async def test_document(client: httpx2.AsyncClient) -> None:
    """The document says how long a vector is."""
    document = (await client.get("/openapi.json")).json()
    properties = document["components"]["schemas"]["EmbeddingRead"]["properties"]
    (vector, _null) = properties["vector"]["anyOf"]
    assert vector == {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}


async def test_values_that_json_has_not(client: httpx2.AsyncClient) -> None:
    """A value of a column's own type is shown as its list, or as its text."""
    body = {"matrix": [1, 2.5], "opaque": "x"}
    created = await client.post("/embeddings/", json=body)
    assert created.status_code == 201, created.text
    assert (created.json()["matrix"], created.json()["opaque"]) == ([1.0, 2.5], "opaque")
    read = await client.get("/embeddings/1")
    assert (read.content, read.headers["etag"]) == (created.content, created.headers["etag"])
    assert (await client.get("/embeddings/")).json()["items"] == [created.json()]
    rows = await client.get("/embeddings/stream/", headers={"Accept": "text/csv"})
    assert rows.status_code == 200


@pytest.mark.parametrize("matrix", ["x", {"a": 1}, 5, [None], [[1]]])
async def test_values_that_a_type_refuses(client: httpx2.AsyncClient, matrix: Any) -> None:
    """A value that a column's own type refuses is 422, and nothing is stored."""
    answer = await client.post("/embeddings/", json={"matrix": matrix})
    (fault,) = read_problem(answer, 422, "invalid")["errors"]
    assert fault["code"] == "unstorable"
    assert (await client.get("/embeddings/")).json()["total"] == 0


async def test_nearest(world: World, client: httpx2.AsyncClient) -> None:
    """A stored value is a vector to the database."""
    if world.dialect == "sqlite":
        pytest.skip("SQLite has no vectors")
    await client.post("/embeddings/bulk/", json=[{"vector": [1, 0, 0]}, {"vector": [0, 1, 0]}])
    async with world.database.engine.connect() as connection:
        found = await connection.exec_driver_sql(
            "SELECT id FROM embeddings ORDER BY vector <-> '[0,2,0]' LIMIT 1"
        )
        assert found.scalar_one() == 2
