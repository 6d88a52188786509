"""The response to a write equals a read, byte for byte, whatever the first column is."""

import httpx2

BIG = 2**53 + 1


async def test_new_row(client: httpx2.AsyncClient) -> None:
    """Integers stay integers, to the last digit; the address leads to the row and its tag fits."""
    created = await client.post("/readings/", json={"celsius": 0.5, "count": 3})
    assert created.headers["location"] == "/readings/1"
    read = await client.get(created.headers["location"])
    assert (read.content, read.headers["etag"]) == (created.content, created.headers["etag"])
    assert created.json()["big"] == BIG
    headers = {"If-Match": created.headers["etag"]}
    changed = await client.patch("/readings/1", json={"count": 4}, headers=headers)
    assert changed.status_code == 200
    read = await client.get("/readings/1")
    assert (read.content, read.headers["etag"]) == (changed.content, changed.headers["etag"])


async def test_rows(client: httpx2.AsyncClient) -> None:
    """The same holds for many rows, for those that may be there, and for each for itself."""
    bodies = [{"celsius": 1, "count": 1}, {"celsius": 2.5, "count": 2, "big": -BIG}]
    created = await client.post("/readings/bulk/", json=bodies)
    each = await client.post("/readings/bulk/?atomic=false", json=bodies)
    changes = [{"id": row["id"], "count": 7} for row in created.json()]
    changed = await client.patch("/readings/bulk/", json=changes)
    rows = (await client.get("/readings/")).json()["items"]
    assert rows == [*changed.json(), *(outcome["item"] for outcome in each.json()["items"])]
    assert '"count":7' in changed.text
    assert '.0,"station_id"' not in created.text


async def test_rows_of_each_other(client: httpx2.AsyncClient) -> None:
    """A key that the database has just made ties a row to another one."""
    created = await client.post(
        "/readings/?include=station", json={"celsius": 0.5, "count": 1, "station": {}}
    )
    assert created.json()["station"] == {"height": 0.5, "id": 1}
    child = await client.post("/stations/1/readings/", json={"celsius": 0, "count": 2})
    assert child.json()["station_id"] == 1
    station = await client.get("/stations/1?include=readings")
    assert [row["count"] for row in station.json()["readings"]] == [1, 2]
    assert (await client.delete("/readings/1")).status_code == 204
    assert (await client.request("DELETE", "/readings/bulk/", json=[2])).status_code == 204
