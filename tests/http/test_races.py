"""Requests at the same time."""

import asyncio
import random
from collections import Counter

import httpx2
import pytest

from examples.league import Player, Team
from modelwire import Database
from tests.http.problems import count_rows
from tests.http.rows import store, store_users
from tests.pools import eventually_free

pytestmark = pytest.mark.both_lanes


def tally(answers: list[httpx2.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


async def test_different_names(client: httpx2.AsyncClient, database: Database) -> None:
    """Many rows that do not clash are all stored, each under a key of its own."""
    bodies = [{"name": f"Team {i}"} for i in range(50)]
    answers = await asyncio.gather(*(client.post("/teams/", json=body) for body in bodies))
    assert tally(answers) == {201: 50}
    assert len({answer.json()["id"] for answer in answers}) == 50
    await eventually_free(database)


async def test_rename_to_one_name(client: httpx2.AsyncClient, database: Database) -> None:
    """Of many rows that are renamed to the same name one is."""
    await store_users(database, **{f"n{i}": None for i in range(20)})
    answers = await asyncio.gather(
        *(client.patch(f"/users/{i}", json={"username": "ann"}) for i in range(1, 21))
    )
    assert tally(answers) == {200: 1, 400: 19}
    assert (await client.get("/users/?username__eq=ann")).json()["total"] == 1


async def test_one_row_deleted_by_many(client: httpx2.AsyncClient, database: Database) -> None:
    """Of many who delete one row one does, and the others find nothing."""
    await store_users(database, ann=None)
    answers = await asyncio.gather(*(client.delete("/users/1") for _ in range(20)))
    assert tally(answers) == {204: 1, 404: 19}
    await eventually_free(database)


async def test_changes_of_different_fields(client: httpx2.AsyncClient, database: Database) -> None:
    """Changes of different fields of one row do not undo each other."""
    await store_users(database, ann=None)
    changes = [{"full_name": "Ann"}, {"is_active": False}, {"email": "new@example.com"}]
    answers = await asyncio.gather(*(client.patch("/users/1", json=body) for body in changes))
    assert tally(answers) == {200: 3}
    row = (await client.get("/users/1")).json()
    assert (row["full_name"], row["is_active"], row["email"]) == ("Ann", False, "new@example.com")


async def test_bulks_that_overlap(client: httpx2.AsyncClient, database: Database) -> None:
    """Of many bulk requests that share a row one is stored whole, and nothing of the others."""
    bodies = [
        [{"username": "ann", "email": f"{turn}"}]
        + [{"username": f"{turn}-{i}", "email": f"{turn}-{i}"} for i in range(5)]
        for turn in range(10)
    ]
    answers = await asyncio.gather(*(client.post("/users/bulk/", json=body) for body in bodies))
    assert tally(answers) == {201: 1, 400: 9}
    assert await count_rows(client, "/users/") == 6
    await eventually_free(database)


async def test_reads_beside_writes(client: httpx2.AsyncClient, database: Database) -> None:
    """Reading does not fail while others write, and sees a bulk whole or not at all."""
    await store(database, Team(name="Red", players=[Player(name="x", team_id=1)]))
    rows = [{"name": f"{i}", "team_id": 1} for i in range(10)]
    answers = await asyncio.gather(
        *(client.post("/players/bulk/", json=rows) for _ in range(5)),
        *(client.get("/players/?limit=100") for _ in range(20)),
    )
    assert tally(answers) == {201: 5, 200: 20}
    pages = [answer.json()["items"] for answer in answers if answer.status_code == 200]
    assert {len(page) % 10 for page in pages} == {1}


@pytest.mark.parametrize("resolution", ["merge-duplicates", "ignore-duplicates"])
async def test_upserts_that_overlap(
    client: httpx2.AsyncClient, database: Database, resolution: str
) -> None:
    """Of many upserts at the same time none fails for a row that another one has stored, whatever
    the order of its rows, and each row is there once."""
    chance, headers = random.Random(1), {"prefer": f"resolution={resolution}"}
    url = "/users/bulk/?on_conflict=username"
    for turn in range(4):
        names = [f"{turn}-{i}" for i in range(8)]
        bodies = [
            [
                {"username": name, "email": name, "full_name": f"{sender}"}
                for name in chance.sample(names, 5)
            ]
            for sender in range(50)
        ]
        answers = await asyncio.gather(
            *(client.post(url, json=body, headers=headers) for body in bodies)
        )
        assert tally(answers) == {200: 50}
        for answer, body in zip(answers, bodies, strict=True):
            assert [r["username"] for r in answer.json()] == [r["username"] for r in body]
            if resolution == "merge-duplicates":
                assert [r["full_name"] for r in answer.json()] == [r["full_name"] for r in body]
        assert await count_rows(client, "/users/") == 8 * (turn + 1)
    await eventually_free(database)
