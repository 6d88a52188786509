"""A row that is deleted softly is gone, by whatever way one asks."""

from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import AsyncClient

from .conftest import World

pytestmark = pytest.mark.both_lanes


async def items(client: AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.text}"
    return answer.json().get("items", answer.json())


async def ids(client: AsyncClient, path: str) -> list[int]:
    answer = await client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.text}"
    found = answer.json()
    return [row["id"] for row in (found if isinstance(found, list) else found["items"])]


async def test_reads(client: AsyncClient, world: World) -> None:
    """Reads, lists, streams, totals, sums and searches don't have it."""
    assert (await client.delete("/invoices/1")).status_code == 204
    gone = await client.get("/invoices/1")
    absent = await client.get("/invoices/99")
    assert (gone.status_code, gone.content) == (404, absent.content)
    assert await ids(client, "/invoices/") == [2]
    page = (await client.get("/invoices/?count=exact")).json()
    assert page["total"] == 1
    assert (await client.get("/invoices/?count=estimate")).json()["total"] == 1
    assert await ids(client, "/invoices/stream/") == [2]
    assert await ids(client, "/invoices/?number=A") == []
    assert await ids(client, "/invoices/?q=A") == []
    assert await ids(client, "/invoices/?or=(id:1,id:2)") == [2]
    assert await ids(client, "/invoices/?deleted_at__isnull=false") == []
    sums = await items(client, "/invoices/aggregate?measures=count,total:sum")
    assert sums == [{"count": 1, "total:sum": 7}]
    (stored, _) = await world.read("invoices")
    assert stored["deleted_at"] is not None
    assert stored["number"] == "A"


async def test_through_relations(client: AsyncClient) -> None:
    """Filters, sorts, includes, counts and lists through relations don't have it."""
    await client.delete("/invoices/1")
    assert await ids(client, "/notes/") == [1, 2]
    assert (await items(client, "/notes/?include=invoice"))[0]["invoice"] is None
    assert await ids(client, "/notes/?invoice.number=A") == []
    assert await ids(client, "/customers/?invoices.number=A") == []
    assert await ids(client, "/customers/?invoices.number=B") == [1]
    (customer, _) = await items(client, "/customers/?include=invoices")
    assert [invoice["id"] for invoice in customer["invoices"]] == [2]
    assert await ids(client, "/customers/1/invoices/") == [2]
    (tag, _) = await items(client, "/tags/?include=invoices")
    assert [invoice["id"] for invoice in tag["invoices"]] == [2]
    for path in ("/invoices/1/lines/", "/invoices/1/lines/aggregate", "/invoices/1/tags/"):
        assert (await client.get(path)).status_code == 404
    grouped = await items(client, "/notes/aggregate?group=invoice.number&measures=count")
    assert grouped == [{"invoice.number": None, "count": 2}]


async def test_along(client: AsyncClient, world: World) -> None:
    """A soft-deleted row takes soft-deletable dependents along; others stay."""
    await client.delete("/lines/2")
    (_, before, _) = await world.read("lines")
    await client.delete("/invoices/1")
    (invoice, _) = await world.read("invoices")
    lines, parts = await world.read("lines"), await world.read("parts")
    assert [row["removed_at"] for row in lines] == [
        invoice["deleted_at"],
        before["removed_at"],
        None,
    ]
    at = before["removed_at"]
    assert [row["removed_at"] for row in parts] == [invoice["deleted_at"], at, None]
    assert await ids(client, "/lines/") == [3]
    assert await ids(client, "/trials/") == [1]
    assert len(await world.read("filings")) == 2
    assert (await world.read("notes"))[0]["invoice_id"] == 1


async def test_computed(client: AsyncClient) -> None:
    """Fields computed from other rows leave out deleted ones."""
    assert (await client.get("/invoices/1")).json()["size"] == 2
    await client.delete("/lines/1")
    assert (await client.get("/invoices/1")).json()["size"] == 1


NEW: dict[str, tuple[str, str, Callable[[int], Any]]] = {
    "a note": ("POST", "/notes/", lambda key: {"text": "t", "invoice_id": key}),
    "many": ("POST", "/notes/bulk/", lambda key: [{"text": "t", "invoice_id": key}]),
    "a change": ("PATCH", "/notes/2", lambda key: {"invoice_id": key}),
    "all": ("PATCH", "/notes/?id=2", lambda key: {"invoice_id": key}),
    "with lines": (
        "POST",
        "/invoices/",
        lambda key: {"number": "C", "copy_of_id": key, "lines": [{"text": "t"}]},
    ),
    "another one": ("PATCH", "/invoices/2", lambda key: {"copy_of_id": key, "number": "D"}),
}


@pytest.mark.parametrize(("method", "path", "body"), NEW.values(), ids=list(NEW))
async def test_new_references(
    client: AsyncClient, method: str, path: str, body: Callable[[int], Any]
) -> None:
    """A new reference to it is refused as one to a row that is not there."""
    await client.patch("/invoices/2", json={"copy_of_id": None})
    await client.delete("/invoices/1")

    async def ask(key: int) -> Any:
        headers = {"prefer": "max-affected=5"}
        return await client.request(method, path, json=body(key), headers=headers)

    gone, absent = await ask(1), await ask(99)
    assert gone.json()["code"] == "parent_not_found"
    assert (gone.status_code, gone.content) == (absent.status_code, absent.content)


async def test_kept_references(client: AsyncClient) -> None:
    """One that is there stays, and may be sent back."""
    await client.delete("/invoices/1")
    answer = await client.patch("/invoices/2", json={"total": 9})
    assert answer.json()["copy_of_id"] == 1
    assert (await client.patch("/notes/1", json={"text": "v"})).status_code == 200


async def test_links(client: AsyncClient, world: World) -> None:
    """Neither end of a link is there."""
    await client.delete("/invoices/1")
    assert (await client.put("/invoices/1/tags/2")).status_code == 404
    assert (await client.put("/tags/2/invoices/1")).status_code == 404
    assert (await client.delete("/tags/1/invoices/1")).status_code == 404
    answer = await client.patch("/tags/1", json={"invoices": []})
    assert answer.status_code == 200, answer.text
    assert await world.read("filings") == [{"invoice_id": 1, "tag_id": 1}]


WRITES: dict[str, tuple[str, str, Any]] = {
    "patch": ("PATCH", "/invoices/1", {"total": 1}),
    "put": ("PUT", "/invoices/1", {"total": 1}),
    "delete": ("DELETE", "/invoices/1", None),
    "bulk patch": ("PATCH", "/invoices/bulk/", [{"id": 1, "total": 1}]),
    "bulk delete": ("DELETE", "/invoices/bulk/", [1]),
    "child": ("POST", "/invoices/1/lines/", {"text": "t"}),
}


@pytest.mark.parametrize(("method", "path", "body"), WRITES.values(), ids=list(WRITES))
async def test_writes(client: AsyncClient, world: World, method: str, path: str, body: Any) -> None:
    """It can't be written to, or deleted again."""
    await client.delete("/invoices/1")
    before = await world.read("invoices")
    assert (await client.request(method, path, json=body)).status_code == 404
    assert await world.read("invoices") == before


async def test_mass_writes(client: AsyncClient, world: World) -> None:
    """Writes of all that match pass over it."""
    await client.delete("/invoices/1")
    (stored, _) = await world.read("invoices")
    headers = {"prefer": "max-affected=5"}
    changed = await client.patch("/invoices/?id__gt=0", json={"total": 3}, headers=headers)
    assert changed.json()["affected"] == 1
    removed = await client.delete("/invoices/?id__gt=0", headers=headers)
    assert removed.json()["affected"] == 1
    first, second = await world.read("invoices")
    assert first == stored
    assert second["deleted_at"] is not None


async def test_many(client: AsyncClient, world: World) -> None:
    """Rows that are deleted together, or each for itself, in a batch too, are all soft."""
    assert (await client.request("DELETE", "/invoices/bulk/", json=[1])).status_code == 204
    each = await client.request("DELETE", "/invoices/bulk/?atomic=false", json=[2, 1])
    assert [item["status"] for item in each.json()["items"]] == [204, 404]
    batch = {"requests": [{"method": "DELETE", "path": "/codes/a"}]}
    assert (await client.post("/batch", json=batch)).status_code == 200
    assert all(row["deleted_at"] for row in await world.read("invoices"))
    assert [row["deleted_at"] is not None for row in await world.read("codes")] == [True]
    assert [row["removed_at"] is not None for row in await world.read("lines")] == [True] * 3


async def test_unique_values(client: AsyncClient) -> None:
    """Values that are unique among what is there are free again; others stay taken."""
    await client.delete("/invoices/1")
    assert (await client.post("/invoices/", json={"number": "A"})).status_code == 201
    taken = await client.post("/codes/", json={"code": "b", "name": "one"})
    await client.delete("/codes/a")
    again = await client.post("/codes/", json={"code": "b", "name": "one"})
    assert taken.json()["code"] == "already_exists"
    assert again.content == taken.content


async def test_upserts(client: AsyncClient, world: World) -> None:
    """An upsert that meets it is told that there is one, as of any row that is hidden."""
    await client.delete("/codes/a")
    before = await world.read("codes")
    for prefer in ("merge", "ignore"):
        for key, row in (
            ("code", {"code": "a", "name": "x"}),
            ("name", {"code": "z", "name": "one"}),
        ):
            answer = await client.post(
                f"/codes/bulk/?on_conflict={key}",
                json=[row],
                headers={"prefer": f"resolution={prefer}-duplicates"},
            )
            assert answer.json()["code"] == "already_exists", answer.text
    assert await world.read("codes") == before


async def test_versions(client: AsyncClient, world: World) -> None:
    """A delete counts as a change, and If-Match is compared."""
    tag = (await client.get("/invoices/1")).headers["etag"]
    await client.patch("/invoices/1", json={"total": 6})
    refused = await client.delete("/invoices/1", headers={"if-match": tag})
    assert refused.status_code == 412
    tag = (await client.get("/invoices/1")).headers["etag"]
    assert (await client.delete("/invoices/1", headers={"if-match": tag})).status_code == 204
    assert (await world.read("invoices"))[0]["version"] == 3


async def test_read_only(client: AsyncClient) -> None:
    """Clients see the field and can't set it."""
    assert (await client.get("/invoices/1")).json()["deleted_at"] is None
    now = "2026-01-01T00:00:00Z"
    for method, path, body in (
        ("POST", "/invoices/", {"number": "X", "deleted_at": now}),
        ("PATCH", "/invoices/1", {"deleted_at": now}),
        ("PUT", "/invoices/1", {"deleted_at": now}),
    ):
        assert (await client.request(method, path, json=body)).status_code == 422
    row = (await client.get("/invoices/1")).json()
    assert (await client.patch("/invoices/1", json=row)).status_code == 200


async def test_removed_for_good(client: AsyncClient, world: World) -> None:
    """A hard delete removes its dependents for good, deleted or not."""
    await client.delete("/sheets/1")
    assert await ids(client, "/sheets/") == [2]
    assert len(await world.read("sheets")) == 2
    assert (await client.delete("/folders/1")).status_code == 204
    assert await world.read("sheets") == []
