"""Batches at the same time as others: whole or not at all, whatever they meet."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx2
import pytest

from modelwire import Database
from tests.conftest import LEAGUE, make_app, open_client
from tests.contended import contend
from tests.examples import THOROUGH
from tests.http.problems import count_rows, read_problem

from .sending import JSON, ref, request, send

pytestmark = pytest.mark.both_lanes

TURNS = 20 if THOROUGH else 3


def patches(keys: list[int], city: str) -> list[JSON]:
    return [request("PATCH", f"/teams/{key}", {"city": city}) for key in keys]


async def test_same_rows_crosswise(client: httpx2.AsyncClient) -> None:
    """Batches that change the same rows in opposite orders wait for each other, and all succeed."""
    rows = [{"name": f"t{i}"} for i in range(6)]
    keys = [row["id"] for row in (await client.post("/teams/bulk/", json=rows)).json()]
    for turn in range(TURNS):
        orders = [keys[::-1] if i % 2 else keys for i in range(16)]
        answers = await asyncio.gather(
            *(send(client, *patches(order, f"{turn}.{i}")) for i, order in enumerate(orders))
        )
        assert Counter(answer.status_code for answer in answers) == {200: len(orders)}
        stored = (await client.get("/teams/")).json()["items"]
        assert len({row["city"] for row in stored}) == 1


async def test_counting_in_batches(client: httpx2.AsyncClient) -> None:
    """Of batches under the tag of a row, none loses the step of another."""
    await client.post("/teams/", json={"name": "x", "city": "0"})

    async def count_up() -> int:
        steps = 0
        for _ in range(10):
            row = await client.get("/teams/1")
            city, tag = str(int(row.json()["city"]) + 1), row.headers["etag"]
            name = request("PATCH", "/teams/1", {"name": f"x{city}"}, If_Match=tag)
            answer = await send(client, name, request("PATCH", "/teams/1", {"city": city}))
            assert answer.status_code in (200, 412)
            steps += answer.status_code == 200
        return steps

    counted = sum(await asyncio.gather(*(count_up() for _ in range(8))))
    row = (await client.get("/teams/1")).json()
    assert (row["city"], row["name"]) == (str(counted), f"x{counted}")


async def test_one_key_for_fifty(client: httpx2.AsyncClient) -> None:
    """Of many batches with one key one is carried out, and all are answered by what it stored."""
    for turn in range(TURNS):
        batch = [
            request("POST", "/teams/", {"name": f"t{turn}"}),
            request("POST", "/players/", {"name": "Ann", "team_id": ref("0.id")}),
        ]
        answers = await asyncio.gather(
            *(send(client, *batch, Idempotency_Key=f"k{turn}") for _ in range(50))
        )
        done = [answer for answer in answers if answer.status_code == 200]
        for answer in answers:
            if answer not in done:
                read_problem(answer, 409, "key_in_flight")
        assert len({answer.content for answer in done}) == 1
        assert sum("idempotency-replayed" not in answer.headers for answer in done) == 1
        assert await count_rows(client, "/players/") == turn + 1


async def test_another_batch_under_a_key(client: httpx2.AsyncClient) -> None:
    key = {"Idempotency_Key": "k"}
    assert (await send(client, request("GET", "/teams/"), **key)).status_code == 200
    answer = await send(client, request("GET", "/users/"), **key)
    read_problem(answer, 422, "key_reused")


async def test_refusals_are_not_stored(client: httpx2.AsyncClient) -> None:
    key = {"Idempotency_Key": "k"}
    read_problem(await send(client, request("GET", "/teams/1"), **key), 404, "not_found")
    await client.post("/teams/", json={"name": "x"})
    assert (await send(client, request("GET", "/teams/1"), **key)).status_code == 200


async def test_half_a_batch_is_never_seen(client: httpx2.AsyncClient) -> None:
    """A concurrent read finds both teams of a batch or neither."""

    async def write() -> None:
        for turn in range(10):
            pair = [request("POST", "/teams/", {"name": f"{turn}.{i}"}) for i in range(2)]
            assert (await send(client, *pair)).status_code == 200

    writing = asyncio.ensure_future(write())
    while not writing.done():
        await asyncio.sleep(0)  # a short read on SQLite leaves nobody else the turn
        assert await count_rows(client, "/teams/?count=exact") % 2 == 0
    await writing


async def test_given_up_on(client: httpx2.AsyncClient) -> None:
    """A batch whose client goes away is carried out whole, or not at all."""
    for turn in range(20):
        batch = [request("POST", "/teams/", {"name": f"{turn}.{i}"}) for i in range(5)]
        task = asyncio.ensure_future(send(client, *batch))
        for _ in range(3 * turn):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert await count_rows(client, f"/teams/?name__startswith={turn}.") in (0, 5)


@pytest.fixture
async def contended(databases: dict[str, Database]) -> AsyncIterator[Database]:
    """PostgreSQL, where the first player meets a serialization failure."""
    async with contend(databases["postgresql"], "players") as database:
        yield database


async def test_what_is_tried_again_refers_to_new_rows(contended: Database, lane: str) -> None:
    """A batch that is tried again is so from its beginning, with the keys of that attempt."""
    async with open_client(make_app(contended, lane, LEAGUE, {})) as client:
        batch = [
            request("POST", "/teams/", {"name": "Red"}),
            request("POST", "/players/", {"name": "Ann", "team_id": ref("0.id")}),
        ]
        answer = await send(client, *batch, Idempotency_Key="k")
        if lane == "session":
            read_problem(answer, 503, "unavailable")
            answer = await send(client, *batch, Idempotency_Key="k")
        team, player = (response["body"] for response in answer.json()["responses"])
        assert team["id"] == player["team_id"] == 2  # the first one was undone
        assert await count_rows(client, "/teams/") == 1
