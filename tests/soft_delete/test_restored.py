"""Deleted rows are seen, and come back, by whom a policy allows it."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from httpx2 import AsyncClient

from modelwire import Policy, everyone
from tests.conftest import make_app, open_client

from .conftest import ADMIN, World
from .tables import RESOURCES, me
from .test_deleted import ids

pytestmark = pytest.mark.both_lanes


async def test_recalled(client: AsyncClient) -> None:
    """`deleted` shows deleted rows too, or only these, wherever rows are read."""
    await client.delete("/invoices/1")
    assert await ids(client, "/invoices/?deleted=only") == [1]
    assert await ids(client, "/invoices/?deleted=include") == [1, 2]
    assert await ids(client, "/invoices/?deleted=include&number=A") == [1]
    assert await ids(client, "/invoices/stream/?deleted=only") == [1]
    assert await ids(client, "/customers/1/invoices/?deleted=only") == [1]
    page = (await client.get("/invoices/?deleted=include&limit=1&cursor=")).json()
    assert [row["id"] for row in page["items"]] == [1]
    rest = await client.get(f"/invoices/?deleted=include&limit=1&cursor={page['next']}")
    assert [row["id"] for row in rest.json()["items"]] == [2]
    assert (await client.get(f"/invoices/?limit=1&cursor={page['next']}")).status_code == 422
    found = await client.post("/invoices/query", json={"deleted": "only"})
    assert [row["id"] for row in found.json()["items"]] == [1]
    sums = await client.get("/invoices/aggregate?deleted=include&measures=total:sum")
    assert sums.json()["items"] == [{"total:sum": 12}]
    row = await client.get("/invoices/1?deleted=include")
    assert row.json()["number"] == "A"
    assert dt.datetime.fromisoformat(row.json()["deleted_at"])
    assert (await client.get("/invoices/2?deleted=only")).status_code == 404
    # What belongs to it is as gone as before.
    only = (await client.get("/invoices/?deleted=only&include=lines,customer")).json()["items"]
    assert only[0]["lines"] == []
    assert only[0]["customer"]["name"] == "Ann"


@pytest.mark.parametrize("query", ["deleted=yes", "deleted=", "deleted=only&deleted=only"])
async def test_wrong_words(client: AsyncClient, query: str) -> None:
    """It is one of two words."""
    assert (await client.get(f"/invoices/?{query}")).status_code == 422


async def test_not_a_filter_elsewhere(client: AsyncClient) -> None:
    """It is no parameter of writes, and of resources whose rows are removed."""
    for method, path in (
        ("DELETE", "/invoices/1?deleted=include"),
        ("PATCH", "/invoices/1?deleted=include"),
        ("PATCH", "/invoices/?deleted=only"),
        ("GET", "/notes/?deleted=only"),
    ):
        body = {"total": 1} if method == "PATCH" else None
        headers = {"prefer": "max-affected=1"}
        answer = await client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 422, (method, path, answer.text)


async def test_restored(client: AsyncClient, world: World) -> None:
    """It comes back as it was, with what went along, and no more."""
    await client.delete("/lines/2")
    before = {name: await world.read(name) for name in ("lines", "parts")}
    tag = (await client.get("/invoices/1")).headers["etag"]
    await client.delete("/invoices/1")
    answer = await client.post("/invoices/1/restore")
    assert answer.status_code == 200, answer.text
    read = await client.get("/invoices/1")
    assert read.json() == answer.json()
    assert read.headers["etag"] == answer.headers["etag"] != tag
    assert answer.json()["size"] == 1
    assert answer.json()["version"] == 3
    assert {name: await world.read(name) for name in before} == before
    assert await ids(client, "/invoices/1/lines/") == [1]


async def test_in_a_batch(client: AsyncClient, world: World) -> None:
    """Rows deleted in one transaction are restored together."""
    requests = [{"method": "DELETE", "path": f"/{path}"} for path in ("lines/1", "invoices/1")]
    answer = await client.post("/batch", json={"requests": requests})
    assert answer.status_code == 200, answer.text
    batch = [{"method": "POST", "path": "/invoices/1/restore"}]
    assert (await client.post("/batch", json={"requests": batch})).status_code == 200
    lines = await world.read("lines")
    assert [row["removed_at"] is None for row in lines] == [False, True, True]


async def test_refusals(client: AsyncClient) -> None:
    """A row that exists or is missing can't be restored, nor one that would exist twice."""
    there = await client.post("/invoices/1/restore")
    assert (there.status_code, there.json()["code"]) == (409, "not_deleted")
    assert (await client.post("/invoices/99/restore")).status_code == 404
    assert (await client.post("/invoices/x/restore")).status_code == 422
    assert (await client.post("/notes/1/restore")).status_code in (404, 405)
    await client.delete("/invoices/1")
    assert (await client.post("/invoices/", json={"number": "A"})).status_code == 201
    taken = await client.post("/invoices/1/restore")
    assert taken.json()["code"] == "already_exists"
    assert "pointer" not in taken.text or "/number" not in taken.text
    assert await ids(client, "/invoices/?deleted=only") == [1]


async def test_conditions(client: AsyncClient) -> None:
    """`If-Match` is compared with the deleted row, and a repeated request is answered once."""
    await client.delete("/invoices/1")
    tag = (await client.get("/invoices/1?deleted=only")).headers["etag"]
    refused = await client.post("/invoices/1/restore", headers={"if-match": '"other"'})
    assert refused.status_code == 412
    headers = {"if-match": tag, "idempotency-key": "once"}
    first = await client.post("/invoices/1/restore", headers=headers)
    again = await client.post("/invoices/1/restore", headers=headers)
    assert (first.status_code, first.content) == (200, again.content)
    assert again.headers["idempotency-replayed"] == "true"
    minimal = {"prefer": "return=minimal"}
    await client.delete("/invoices/1")
    assert (await client.post("/invoices/1/restore", headers=minimal)).status_code == 204


async def test_by_whom(guarded: AsyncClient) -> None:
    """Only those whom the policy names see it, and bring it back."""
    await guarded.delete("/invoices/1")
    for path in ("/invoices/?deleted=only", "/invoices/stream/?deleted=only"):
        assert await ids(guarded, path) == []
    assert await ids(guarded, "/invoices/?deleted=include") == [2]
    read = await guarded.get("/invoices/1?deleted=include")
    absent = await guarded.get("/invoices/99?deleted=include")
    assert (read.status_code, read.content) == (404, absent.content)
    refused = await guarded.post("/invoices/1/restore")
    absent = await guarded.post("/invoices/99/restore")
    assert (refused.status_code, refused.content) == (404, absent.content)
    only = await guarded.get("/invoices/?deleted=only", headers=ADMIN)
    assert [row["id"] for row in only.json()["items"]] == [1]
    assert only.json()["items"][0]["changed_by"] == "ann"
    back = await guarded.post("/invoices/1/restore", headers=ADMIN)
    assert (back.status_code, back.json()["changed_by"]) == (200, "root")


async def test_nobody_by_default(world: World, lane: str, client: AsyncClient) -> None:
    """With callers and no rule, no one sees a deleted row, and no route restores it."""
    closed = tuple(replace(resource, policy=Policy(read=everyone)) for resource in RESOURCES)
    await client.delete("/invoices/1")
    async with open_client(make_app(world.database, lane, closed, {"caller": me})) as caller:
        assert (await caller.get("/invoices/?deleted=only", headers=ADMIN)).status_code == 422
        assert (await caller.post("/invoices/1/restore", headers=ADMIN)).status_code == 404
        document = (await caller.get("/openapi.json")).json()
        assert not [path for path in document["paths"] if path.endswith("/restore")]


async def test_document(client: AsyncClient) -> None:
    """The document has the parameter and the route, of those resources alone."""
    document: Any = (await client.get("/openapi.json")).json()
    paths = document["paths"]
    restored = {path for path in paths if path.endswith("/restore")}
    assert restored == {
        f"/{name}/restore"
        for name in (
            *("customers/{id}", "invoices/{id}", "lines/{id}", "parts/{id}"),
            *("sheets/{id}", "codes/{code}"),
        )
    }
    operation = paths["/invoices/{id}/restore"]["post"]
    assert operation["operationId"] == "restore_invoice"
    assert {"200", "204", "404", "409", "412"} <= operation["responses"].keys()

    def named(path: str) -> list[str]:
        found = [
            p["$ref"].rpartition("/")[2] if "$ref" in p else p["name"]
            for p in paths[path]["get"].get("parameters", ())
        ]
        return [name for name in found if "eleted" in name and "deleted_at" not in name]

    for path in (
        "/invoices/",
        "/invoices/{id}",
        "/invoices/stream/",
        "/customers/{id}/invoices/",
        "/invoices/aggregate/",
    ):
        assert named(path), path
    assert not named("/notes/")
    query = document["components"]["schemas"]["InvoiceQuery"]["properties"]
    assert query["deleted"]["enum"] == ["only", "include"]
