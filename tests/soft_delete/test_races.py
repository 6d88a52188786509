"""Deletes and restores of one row at the same time: each is answered as if it were alone."""

import asyncio
from collections.abc import Awaitable

import asyncpg
import pytest
from httpx2 import AsyncClient, Response

from tests.examples import THOROUGH

from .conftest import World

pytestmark = pytest.mark.both_lanes

two_writers = pytest.mark.parametrize("world", ["postgresql"], indirect=True)
"""SQLite has one."""

ROUNDS = 10 * max(1, THOROUGH)
MINUTE_S = 60
WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
DELETED, THERE = "UPDATE invoices SET deleted_at = now()", "UPDATE invoices SET deleted_at = NULL"


async def race(
    world: World, other: str, request: Awaitable[Response], *, waits: bool = True
) -> Response:
    """Answer a request that comes while another transaction has changed the row.

    Args:
        world: The database.
        other: What that transaction does; it commits once the request waits for it.
        request: The request.
        waits: Whether the request waits for it; else it is answered before.
    """
    url = world.database.settings.database_url.get_secret_value()
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(), asyncio.timeout(MINUTE_S):
            await connection.execute("SELECT FROM invoices WHERE id = 1 FOR UPDATE")
            await connection.execute(f"{other} WHERE id = 1")
            asking = asyncio.ensure_future(request)
            while waits and not await connection.fetchval(WAITS):
                await asyncio.sleep(0.01)
            if not waits:
                await asking
        return await asking
    finally:
        await connection.close()


@two_writers
async def test_restore_meets_delete(client: AsyncClient, world: World) -> None:
    """A row that is deleted just then is there, or is deleted, and never neither."""
    answer = await race(world, DELETED, client.post("/invoices/1/restore"))
    assert answer.status_code == 200, answer.text
    assert (await client.get("/invoices/1")).status_code == 200


@two_writers
async def test_restore_meets_restore(client: AsyncClient, world: World) -> None:
    """A row that comes back just then is there."""
    await client.delete("/invoices/1")
    answer = await race(world, THERE, client.post("/invoices/1/restore"))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_deleted")


@two_writers
async def test_delete_meets_delete(client: AsyncClient, world: World) -> None:
    """A row that is deleted just then is not there."""
    answer = await race(world, DELETED, client.delete("/invoices/1"))
    assert answer.status_code == 404


@two_writers
async def test_delete_meets_restore(client: AsyncClient, world: World) -> None:
    """A row that is not back yet is not there."""
    await client.delete("/invoices/1")
    answer = await race(world, THERE, client.delete("/invoices/1"), waits=False)
    assert answer.status_code == 404


@two_writers
async def test_child_meets_delete(client: AsyncClient, world: World) -> None:
    """A row that would go along is not created below one that is deleted just then."""
    new = client.post("/lines/", json={"text": "new", "invoice_id": 1})
    answer = await race(world, DELETED, new)
    assert answer.json()["errors"][0]["code"] == "parent_not_found", answer.text


async def test_all_at_once(client: AsyncClient, world: World) -> None:
    """Many at once leave a row and what goes along with it on one side."""
    for _ in range(ROUNDS):
        answers = await asyncio.gather(
            *(client.delete("/invoices/1") for _ in range(2)),
            *(client.post("/invoices/1/restore") for _ in range(2)),
            client.delete("/invoices/1"),
        )
        for answer in answers:
            expected = {"DELETE": {204, 404}, "POST": {200, 409}}[answer.request.method]
            # In a session that is put in the way, what meets others is not tried again.
            assert answer.status_code in expected | {503}, answer.text
        (marked,) = [r["deleted_at"] for r in await world.read("invoices") if r["id"] == 1]
        along = {r["removed_at"] for r in await world.read("lines") if r["invoice_id"] == 1}
        assert along == {marked}
