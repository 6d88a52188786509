"""Identification of the refused row among many, where no database names it."""

import httpx2
import pytest

from tests.http.problems import faults_of, pointers_of, read_problem
from tests.worlds import World

from .ways import count_all, store


@pytest.mark.parametrize(("path", "parent"), [("nodes", "parent_code"), ("steps", "next_code")])
async def test_rows_that_refer_to_each_other(
    client: httpx2.AsyncClient, path: str, parent: str
) -> None:
    """Of rows that refer to each other, the one whose parent is nowhere is named."""
    rows = [{"code": "a", parent: "b"}, {"code": "b"}, {"code": "c", parent: "none"}]
    document = read_problem(await client.post(f"/{path}/bulk/", json=rows), 400, "parent_not_found")
    assert pointers_of(document) == [f"/2/{parent}"]
    rows[2][parent] = "a"
    assert (await client.post(f"/{path}/bulk/", json=rows)).status_code == 201


async def test_deferred_value_given_twice(world: World, client: httpx2.AsyncClient) -> None:
    """Of two new rows with the same value, the second is named, also by a deferred constraint."""
    row = {"first_name": "x", "city": "x", "nickname": "x", "area": "x"}
    names = ("username", "email", "handle", "fullName", "zip_code", "city", "nickname", "area")
    rows = [
        {**row, **{name: f"{name}{n}" for name in names}, "badge": badge, "last_name": str(n)}
        for n, badge in enumerate((1, 2, 3, 2))
    ]
    answer = await client.post("/accounts/bulk/", json=rows)
    document = read_problem(answer, 400, "already_exists")
    assert faults_of(document) == [("/3/badge", "already_exists")]
    assert (await count_all(client))["accounts"] == 0


async def test_a_refused_commit_leaves_nothing_behind(client: httpx2.AsyncClient) -> None:
    """A refused COMMIT is rolled back at once, whoever gets the connection next."""
    await store(client, "teams", {})
    await store(client, "tickets", {"team_id": 1})
    for _ in range(3):
        read_problem(await client.delete("/teams/1"), 409, "still_referenced")
        assert (await client.get("/teams/1")).status_code == 200
        assert (await client.patch("/teams/1", json={"name": "y"})).status_code == 200


async def test_a_trigger_that_ends_the_transaction(
    world: World, client: httpx2.AsyncClient
) -> None:
    """A trigger of SQLite may undo the whole transaction; the rows are refused all the same."""
    if world.dialect != "sqlite":
        pytest.skip("only SQLite has RAISE(ROLLBACK)")
    rows = [{"name": "a"}, {"name": "undoing"}, {"name": "b"}]
    read_problem(await client.post("/guarded/bulk/", json=rows), 422, "refused")
    read_problem(await client.post("/guarded/", json=rows[1]), 422, "refused")
    assert (await count_all(client))["guarded"] == 0
    assert (await client.post("/guarded/bulk/", json=rows[::2])).status_code == 201
