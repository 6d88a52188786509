"""The log finds a row by its key as the database compares keys, whatever the spelling."""

import httpx2
import pytest
from sqlalchemy import text

from modelwire import Database

STORED = "'Ann', 7, '0000000A-0000-0000-0000-00000000000A', 1"
"""A key as other programs may write it on SQLite."""

MINT = "0000000a-0000-0000-0000-00000000000a"
KEYS = (f"Ann,7.00,{MINT}", f"aNN,7,{MINT.upper()}")


@pytest.fixture
async def coin(database: Database, client: httpx2.AsyncClient) -> None:
    """A coin that another program has stored, and whose number was changed since."""
    async with database.engine.begin() as connection:
        await connection.execute(
            text(f"INSERT INTO coins (name, worth, mint, n) VALUES ({STORED})")
        )
    answer = await client.patch(f"/coins/{KEYS[0]}", json={"n": 2})
    assert answer.status_code == 200, answer.text


@pytest.mark.usefixtures("coin")
@pytest.mark.parametrize("key", KEYS)
async def test_history(client: httpx2.AsyncClient, key: str) -> None:
    """A row has one history, and goes back by it, whatever the spelling of its key."""
    then = await client.get(f"/coins/{key}", params={"as_of": "2001-01-01T00:00:00Z"})
    assert then.status_code == 404
    found = (await client.get(f"/coins/{key}/history/")).json()["items"]
    last = found[0]
    assert last["changed"] == {"n": {"old": 1, "new": 2}}
    back = await client.post(f"/coins/{key}/history/{last['number']}/revert")
    assert (back.status_code, back.json()["n"]) == (200, 1)


async def test_deleted(client: httpx2.AsyncClient) -> None:
    """A deleted row has its history, too; where it is there again, the delete is not reverted."""
    row = {"name": "Bo", "worth": "7.00", "mint": MINT, "n": 0}
    path = f"/coins/Bo,7.00,{MINT}"
    assert (await client.post("/coins/", json=row)).status_code == 201
    assert (await client.delete(path)).status_code == 204
    gone, _ = (await client.get(f"{path}/history/")).json()["items"]
    assert gone["operation"] == "delete"
    undo = f"{path}/history/{gone['number']}/revert"
    again = await client.post(undo)
    assert (again.status_code, again.json()) == (201, row)
    refused = await client.post(undo)
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_since")
