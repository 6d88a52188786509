"""Computed fields are right in the responses to writes, and in their tags."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from .conftest import World

pytestmark = pytest.mark.both_lanes

LINES = [{"units": 4}, {"units": 5}]


async def make(world: World, lane: str) -> AsyncClient:
    await world.fill({"customers": [{"id": 901, "first": "Ann", "last": "Lee"}]})
    return world.clients[lane]


async def create(client: AsyncClient, **more: Any) -> dict[str, Any]:
    body = {"number": "9", "net": "1.5", "tax": "1", "customer_id": 901, "lines": LINES, **more}
    answer = await client.post("/invoices/", json=body)
    assert answer.status_code == 201, answer.text
    await check(client, answer)
    row: dict[str, Any] = answer.json()
    return row


async def check(client: AsyncClient, answer: Any) -> None:
    """Check that the response to a write equals a read after it."""
    read = await client.get(f"/invoices/{answer.json()['id']}")
    assert read.json() == answer.json()
    assert read.headers["etag"] == answer.headers["etag"]


async def test_create(world: World, lane: str) -> None:
    """A row that is created with its children counts them."""
    row = await create(await make(world, lane))
    assert row["units"] == 9
    assert (row["gross"], row["label"], row["customer_name"]) == ("2.50", "#9", "Lee")


async def test_create_below_and_around(world: World, lane: str) -> None:
    """So do rows that are created below others, and with what they belong to."""
    client = await make(world, lane)
    below = await client.post("/customers/901/invoices/", json={"number": "1", "net": 1, "tax": 2})
    assert below.status_code == 201, below.text
    await check(client, below)
    body = {"first": "B", "last": "C", "invoices": [{"number": "2", "net": 1, "tax": 2}]}
    around = await client.post("/customers/?include=invoices", json=body)
    (invoice,) = around.json()["invoices"]
    assert (around.json()["name"], invoice["customer_name"]) == ("B C", "C")
    assert invoice == (await client.get(f"/invoices/{invoice['id']}")).json()


async def test_change(world: World, lane: str) -> None:
    """A change of one row answers what comes of it, with the tag of that."""
    client = await make(world, lane)
    row = await create(client)
    answer = await client.patch(f"/invoices/{row['id']}", json={"net": "100", "customer_id": None})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        **row,
        "net": "100.00",
        "gross": "101.00",
        "customer_id": None,
        "customer_name": None,
    }
    await check(client, answer)


async def test_changes_of_many(world: World, lane: str) -> None:
    """So do changes of many, and batches, each as of its own place in them."""
    client = await make(world, lane)
    rows = [await create(client, lines=[]) for _ in range(2)]
    changes = [{"id": row["id"], "number": "8"} for row in rows]
    answer = await client.patch("/invoices/bulk/", json=changes)
    assert [(r["label"], r["siblings"]) for r in answer.json()] == [("#8", 1)] * 2, answer.text
    requests = [
        {"method": "POST", "path": "/lines/", "body": {"units": 3, "invoice_id": rows[0]["id"]}},
        {"method": "PATCH", "path": f"/invoices/{rows[0]['id']}", "body": {"net": "0"}},
        {"method": "POST", "path": "/lines/", "body": {"units": 3, "invoice_id": rows[0]["id"]}},
        {"method": "GET", "path": f"/invoices/{rows[0]['id']}"},
    ]
    batch = await client.post("/batch", json={"requests": requests})
    answers = [r["body"]["units"] for r in batch.json()["responses"]]
    assert answers == [3, 3, 3, 6]


async def test_tags_tell_what_is_computed(world: World, lane: str) -> None:
    """A change of rows that are counted is another answer, and no change of the row itself."""
    client = await make(world, lane)
    row = await create(client)
    path = f"/invoices/{row['id']}"
    tag = (await client.get(path)).headers["etag"]
    assert (await client.post("/lines/", json={"units": 1, "invoice_id": row["id"]})).is_success
    assert (await client.get(path, headers={"If-None-Match": tag})).status_code == 200
    answer = await client.patch(path, json={"net": "1"}, headers={"If-Match": tag})
    assert answer.status_code == 200
    await check(client, answer)
    stale = await client.patch(path, json={"net": "2"}, headers={"If-Match": tag})
    assert stale.status_code == 412


@pytest.mark.parametrize("name", ["units", "gross", "label"])
async def test_nobody_sets_it(world: World, lane: str, name: str) -> None:
    """A computed field can't be written; a change may echo it as it was read."""
    client = await make(world, lane)
    row = await create(client)
    path = f"/invoices/{row['id']}"
    body = {"number": "1", "net": "1", "tax": "1"}
    refused = [
        await client.post("/invoices/", json={**body, name: row[name]}),
        await client.patch(path, json={name: "77"}),
        await client.patch("/invoices/bulk/", json=[{"id": row["id"], name: "77"}]),
    ]
    for answer in refused:
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["code"]) == (422, "unknown_field")
        assert error["pointer"].endswith(f"/{name}")
    answer = await client.patch(path, json={**row, "net": "3.00"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["gross"] == "4.00"


async def test_mass_changes_choose_by_it(world: World, lane: str) -> None:
    """Rows to change and to remove are chosen by what is computed of them."""
    client = await make(world, lane)
    rows = [await create(client, number=str(i), lines=LINES[:i]) for i in range(3)]
    few = {"Prefer": "max-affected=5"}
    answer = await client.patch("/invoices/?units__gte=4", json={"tax": "0"}, headers=few)
    assert answer.json() == {"affected": 2}, answer.text
    listed = (await client.get("/invoices/?sort=id")).json()["items"]
    assert [row["gross"] for row in listed] == ["2.50", "1.50", "1.50"]
    answer = await client.delete("/invoices/?units=0", headers=few)
    assert answer.json() == {"affected": 1}
    listed = (await client.get("/invoices/?sort=id")).json()["items"]
    assert [row["id"] for row in listed] == [row["id"] for row in rows[1:]]
