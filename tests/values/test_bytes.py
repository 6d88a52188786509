"""Bytes are base64 wherever they are shown or sent, unless the model says otherwise."""

import base64
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests.http.problems import faults_of, read_problem

from .conftest import RunSQL

PNG = b"\x89PNG\xff\xfe\xfb"
TEXT = base64.b64encode(PNG).decode()


async def test_round_trip(client: httpx2.AsyncClient) -> None:
    """Bytes are shown as they were sent, in a row, a list, a stream and CSV."""
    created = await client.post("/files/", json={"body": TEXT})
    assert created.json()["body"] == TEXT
    assert (await client.get("/files/1")).content == created.content
    assert (await client.get("/files/")).json()["items"] == [created.json()]
    assert (await client.get("/files/stream/")).json() == [created.json()]
    rows = await client.get("/files/stream/", headers={"Accept": "text/csv"})
    assert rows.text.splitlines()[1] == f"1,,{TEXT}"
    many = await client.post("/files/bulk/", json=[{"body": TEXT}, {"body": None}, {"body": ""}])
    assert [row["body"] for row in many.json()] == [TEXT, None, ""]


async def test_stored_by_others(client: httpx2.AsyncClient, run_sql: RunSQL) -> None:
    """Bytes that are no UTF-8 are shown, alone and among others."""
    await run_sql(
        sqlite=f"INSERT INTO files (name, body) VALUES ('a', x'{PNG.hex()}')",
        postgresql=f"INSERT INTO files (name, body) VALUES ('a', '\\x{PNG.hex()}')",
    )
    assert (await client.get("/files/1")).json()["body"] == TEXT
    assert (await client.get("/files/")).json()["items"][0]["body"] == TEXT


@pytest.mark.parametrize("text", [TEXT, TEXT.rstrip("="), TEXT.replace("+", "-").replace("/", "_")])
async def test_filters(client: httpx2.AsyncClient, text: str) -> None:
    """Filters take base64 of either alphabet, with or without its padding."""
    await client.post("/files/bulk/", json=[{"body": TEXT}, {"body": "YQ=="}])
    page = await client.get("/files/", params={"body": text})
    assert [row["id"] for row in page.json()["items"]] == [1]
    page = await client.get("/files/", params={"body__in": f"{text},YQ"})
    assert [row["id"] for row in page.json()["items"]] == [1, 2]
    page = await client.get("/files/", params={"body__ne": text})
    assert [row["id"] for row in page.json()["items"]] == [2]


async def test_empty_and_null(client: httpx2.AsyncClient) -> None:
    """Empty bytes in a list are those alone, and not NULL."""
    await client.post("/files/bulk/", json=[{"body": ""}, {"body": None}, {"body": "YQ=="}])
    for operator, value, expected in (
        ("eq", "", [1]),
        ("in", "", [1]),
        ("in", ",YQ", [1, 3]),
        ("not_in", "", [2, 3]),
        ("not_in", ",YQ", [2]),
    ):
        page = await client.get("/files/", params={f"body__{operator}": value})
        assert [row["id"] for row in page.json()["items"]] == expected, (operator, value)
    logic = {"or": '(not(body__in:("",YQ)))'}
    page = await client.get("/files/", params=logic)
    assert [row["id"] for row in page.json()["items"]] == [2]


async def test_keys(client: httpx2.AsyncClient) -> None:
    """A key of bytes is base64 in paths, in bulk bodies and for upserts."""
    created = await client.post("/digests/", json={"digest": TEXT, "name": "a"})
    path = created.headers["location"]
    assert path == f"/digests/{quote(TEXT, safe='')}"
    assert (await client.get(path)).json() == {"digest": TEXT, "name": "a"}
    assert (await client.patch(path, json={"name": "b"})).json()["name"] == "b"
    changed = await client.patch("/digests/bulk/", json=[{"digest": TEXT, "name": "c"}])
    assert changed.json() == [{"digest": TEXT, "name": "c"}]
    url = "/digests/bulk/?on_conflict=digest"
    merged = await client.post(url, json=[{"digest": TEXT, "name": "d"}])
    assert merged.json() == [{"digest": TEXT, "name": "d"}]
    assert (await client.request("DELETE", "/digests/bulk/", json=[TEXT])).status_code == 204


async def test_walk(client: httpx2.AsyncClient) -> None:
    """A list is walked by bytes."""
    await client.post("/files/bulk/", json=[{"body": t} for t in ("/w==", "AA==", None, "AAA=")])
    seen: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(f"/files/?sort=body&limit=1&cursor={cursor}")).json()
        seen += [row["body"] for row in page["items"]]
        cursor = page["next"]
    assert seen == ["AA==", "AAA=", "/w==", None]


@pytest.mark.parametrize("text", ["é", "a", "!", "YQ=%"])
async def test_no_base64(client: httpx2.AsyncClient, text: str) -> None:
    """Malformed base64 is 422, in bodies, filters and paths."""
    problem = read_problem(await client.post("/files/", json={"body": text}), 422, "invalid")
    assert faults_of(problem) == [("/body", "value_error")]
    assert (await client.get("/files/", params={"body": text})).status_code == 422
    assert (await client.get(f"/digests/{quote(text)}")).status_code == 422


async def test_hex(client: httpx2.AsyncClient) -> None:
    """The model's own setting wins, in filters too."""
    created = await client.post("/hex_files/", json={"body": PNG.hex()})
    assert created.json()["body"] == PNG.hex()
    page = await client.get(f"/hex_files/?body={PNG.hex()}")
    assert page.json()["items"] == [created.json()]
    assert (await client.get("/hex_files/?body=x")).status_code == 422


async def test_utf_8(client: httpx2.AsyncClient, run_sql: RunSQL) -> None:
    """Bytes that the model takes as text are base64 where they are not UTF-8."""
    created = await client.post("/utf8_files/", json={"body": "é"})
    assert created.json()["body"] == "é"
    await run_sql(
        sqlite=f"INSERT INTO utf8_files (body) VALUES (x'{PNG.hex()}')",
        postgresql=f"INSERT INTO utf8_files (body) VALUES ('\\x{PNG.hex()}')",
    )
    rows = (await client.get("/utf8_files/")).json()["items"]
    assert [row["body"] for row in rows][1] == TEXT


async def test_document(client: httpx2.AsyncClient) -> None:
    """The document says that it is base64, in schemas and parameters."""
    document = (await client.get("/openapi.json")).json()
    schemas: dict[str, Any] = document["components"]["schemas"]
    for name in ("FileRead", "FileCreate"):
        (shown, _null) = schemas[name]["properties"]["body"]["anyOf"]
        assert shown == {"type": "string", "contentEncoding": "base64"}
