"""Many clients at once: the outcome is one that some order of their requests has."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.conftest import empty_tables
from tests.examples import THOROUGH
from tests.lanes import LANES

from .conftest import World

pytestmark = pytest.mark.parametrize("lane", LANES)

FEW, MANY = (20, 20) if THOROUGH else (1, 5)
"""Repetitions of a race: one that takes seconds, and one that does not."""


@pytest_asyncio.fixture
async def client(world: World, lane: str) -> httpx2.AsyncClient:
    """A client of empty tables, on either lane."""
    await empty_tables(world.database)
    return world.clients[lane]


def tally(answers: Sequence[httpx2.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


async def make(client: httpx2.AsyncClient, path: str, body: Any) -> Any:
    """Create a row; gives its key."""
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json().get("id", answer.json().get("code"))


async def count(client: httpx2.AsyncClient, url: str) -> int:
    return int((await client.get(url)).json()["total"])


async def race(*requests: Awaitable[httpx2.Response]) -> list[httpx2.Response]:
    """Send requests at once; none is answered with an error of the server's."""
    answers = await asyncio.gather(*requests)
    assert max(tally(answers)) < 500, [answer.text for answer in answers if answer.is_error]
    return answers


async def test_one_name_for_fifty(client: httpx2.AsyncClient, world: World) -> None:
    """Of fifty who want one name at the same time one gets it, and the others are told."""
    for turn in range(MANY):
        body = {"name": f"ann{turn}"}
        answers = await race(*(client.post("/authors/", json=body) for _ in range(50)))
        assert tally(answers) == {201: 1, 400: 49}
        refused = {answer.json()["code"] for answer in answers if answer.is_error}
        assert refused == {"already_exists"}
        assert await count(client, "/authors/") == turn + 1
        assert world.database.pool_state.in_use == 0


@pytest.mark.parametrize("turn", range(FEW))
async def test_counter_of_fifty(client: httpx2.AsyncClient, turn: int) -> None:
    """Fifty clients that each count up twenty times under the row's tag lose no step."""
    key = await make(client, "/loans/", {"days": 1})
    url = f"/loans/{key}"

    async def count_up() -> Counter[int]:
        statuses: Counter[int] = Counter()
        for _ in range(20):
            row = await client.get(url)
            body, tag = {"days": row.json()["days"] + 1}, {"if-match": row.headers["etag"]}
            answer = await client.patch(url, json=body, headers=tag)
            statuses[answer.status_code] += 1
        return statuses

    statuses = sum(await asyncio.gather(*(count_up() for _ in range(50))), Counter())
    assert set(statuses) <= {200, 412}
    assert statuses.total() == 1000
    assert (await client.get(url)).json()["days"] == 1 + statuses[200]


async def test_same_rows_crosswise(client: httpx2.AsyncClient) -> None:
    """Bulk updates of the same rows in any order all succeed, each of them whole."""
    rows = [{"name": f"n{i}"} for i in range(8)]
    keys = [row["id"] for row in (await client.post("/teams/bulk/", json=rows)).json()]
    for turn in range(MANY):
        bodies = []
        for i in range(10):
            order = keys[i % 8 :] + keys[: i % 8]
            order = order if i % 2 else order[::-1]
            bodies.append([{"id": key, "motto": f"{turn}.{i}"} for key in order])
        answers = await race(*(client.patch("/teams/bulk/", json=body) for body in bodies))
        assert tally(answers) == {200: 10}
        stored = (await client.get("/teams/")).json()["items"]
        assert len({row["motto"] for row in stored}) == 1
        assert {row["rev"] for row in stored} == {1 + 10 * (turn + 1)}


async def test_same_names_crosswise(client: httpx2.AsyncClient, lane: str) -> None:
    """Bulk requests that give the same names in opposite order wait for each other in a circle.

    PostgreSQL breaks one off, which is tried again; in a session it can't be, and is told so.
    """
    for turn in range(FEW):
        names = [f"n{turn}.{i}" for i in range(6)]
        bodies = [[{"name": n} for n in order] for order in (names, names[::-1])]
        answers = await asyncio.gather(
            *(client.post("/authors/bulk/", json=body) for body in bodies * 2)
        )
        answered = tally(answers)
        assert answered[201] == 1
        assert set(answered) <= ({201, 400, 503} if lane == "session" else {201, 400})
        assert await count(client, "/authors/") == 6 * (turn + 1)


async def test_renaming_crosswise(client: httpx2.AsyncClient, lane: str) -> None:
    """Bulk updates of different rows to the same names, in opposite order, change one half."""
    for turn in range(FEW):
        old = [{"name": f"old{turn}.{i}"} for i in range(8)]
        keys = [row["id"] for row in (await client.post("/authors/bulk/", json=old)).json()]
        names = [f"new{turn}.{i}" for i in range(4)]
        bodies = [
            [{"id": k, "name": n} for k, n in zip(half, order, strict=True)]
            for half, order in ((keys[:4], names), (keys[4:], names[::-1]))
        ]
        answers = await asyncio.gather(
            *(client.patch("/authors/bulk/", json=body) for body in bodies)
        )
        answered = tally(answers)
        assert answered[200] == 1
        assert set(answered) <= ({200, 400, 503} if lane == "session" else {200, 400})
        assert await count(client, f"/authors/?name__startswith=new{turn}.") == 4


async def test_links_of_rows_that_go(client: httpx2.AsyncClient) -> None:
    """A row is deleted with its links, and not one is made to it afterwards."""
    for turn in range(MANY):
        await make(client, "/clubs/", {"code": "a"})
        player = await make(client, "/players/", {"name": "x"})
        paths = (f"/clubs/a/members/{player}", f"/players/{player}/clubs/a")
        *links, first, second = await race(
            *(client.put(path) for path in paths * 5),
            client.delete(f"/players/{player}" if turn % 2 else "/clubs/a"),
            client.delete("/clubs/a" if turn % 2 else f"/players/{player}"),
        )
        assert set(tally(links)) <= {204, 404}
        assert tally([first, second]) == {204: 2}
        assert await count(client, "/memberships/") == 0


async def test_sets_of_links_to_rows_that_go(client: httpx2.AsyncClient) -> None:
    """A set of links is made whole, or refused for the row that has gone."""
    for turn in range(MANY):
        code = await make(client, "/clubs/", {"code": f"c{turn}"})
        players = [await make(client, "/players/", {"name": "x"}) for _ in range(4)]
        gone = players[turn % 4]
        *written, deleted = await race(
            *(client.patch(f"/clubs/{code}", json={"members": players}) for _ in range(4)),
            *(
                client.post("/clubs/", json={"code": f"{code}.{i}", "members": players})
                for i in range(4)
            ),
            client.delete(f"/players/{gone}"),
        )
        assert set(tally(written)) <= {200, 201, 400}
        refused = {answer.json()["code"] for answer in written if answer.is_error}
        assert refused <= {"parent_not_found"}
        assert deleted.status_code == 204
        assert await count(client, f"/memberships/?player_id={gone}") == 0


@pytest.mark.parametrize("way", ["alone", "below", "bulk", "nested"])
async def test_children_of_a_parent_that_goes(client: httpx2.AsyncClient, way: str) -> None:
    """A parent is deleted, or has children that stand in its way, never both."""
    for _ in range(MANY):
        team = await make(client, "/teams/", {"name": "x"})
        deleted, *made = await race(
            client.delete(f"/teams/{team}"), *(add_child(client, way, team) for _ in range(5))
        )
        left = await count(client, f"/players/?team_id={team}")
        if deleted.status_code == 204:
            assert set(tally(made)) <= {400, 404}
            assert left == 0
        else:
            assert deleted.json()["code"] == "still_referenced"
            assert left == tally(made)[201] > 0
            await client.delete(f"/players/?team_id={team}", headers={"prefer": "max-affected=9"})
            assert (await client.delete(f"/teams/{team}")).status_code == 204


async def add_child(client: httpx2.AsyncClient, way: str, team: int) -> httpx2.Response:
    """Create a player of a team in one of the ways."""
    body: dict[str, Any] = {"name": "x", "team_id": team}
    if way == "alone":
        return await client.post("/players/", json=body)
    if way == "below":
        return await client.post(f"/teams/{team}/players/", json={"name": "x"})
    if way == "bulk":
        return await client.post("/players/bulk/", json=[body])
    return await client.post("/clubs/", json={"code": str(id(body)), "members": [body]})


async def test_children_that_go_with_their_parent(client: httpx2.AsyncClient) -> None:
    """A parent is deleted with all children, also with those that come at the same time."""
    for turn in range(MANY):
        author = await make(client, "/authors/", {"name": f"n{turn}"})
        book = await make(client, f"/authors/{author}/books/", {"title": "x"})
        deleted, *made = await race(
            client.delete(f"/authors/{author}"),
            *(client.post(f"/authors/{author}/books/", json={"title": "y"}) for _ in range(3)),
            *(client.post("/books/", json={"title": "y", "author_id": author}) for _ in range(3)),
            *(client.post(f"/books/{book}/chapters/", json={"heading": "z"}) for _ in range(3)),
            *(client.post("/chapters/", json={"heading": "z", "book_id": book}) for _ in range(3)),
        )
        assert deleted.status_code == 204, deleted.text
        assert set(tally(made)) <= {201, 400, 404}
        for path in ("/authors/", "/books/", "/chapters/"):
            assert await count(client, path) == 0


async def test_mass_changes_of_the_same_rows(client: httpx2.AsyncClient) -> None:
    """Of mass changes at once each row is in as many as say so."""
    for _ in range(MANY):
        rows = [{"days": 1} for _ in range(6)]
        await client.post("/loans/bulk/", json=rows)
        headers = {"prefer": "max-affected=6"}
        answers = await race(
            *(
                client.patch("/loans/?days=1", json={"days": 2 + i}, headers=headers)
                for i in range(4)
            ),
            *(client.request("DELETE", "/loans/?days=1", headers=headers) for _ in range(2)),
        )
        assert tally(answers) == {200: 6}
        assert sum(answer.json()["affected"] for answer in answers) == 6
        await client.request("DELETE", "/loans/?days__gte=0", headers=headers)
