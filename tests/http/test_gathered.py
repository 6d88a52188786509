"""Rows and pages that many ask for at the same time, and are read together."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from examples.league import Player, Team
from modelwire import Database, mount
from modelwire.pipeline import rows
from tests.conftest import LEAGUE, PATIENT, make_app, open_client
from tests.examples import THOROUGH
from tests.http.rows import store, store_users

POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
GATHERED = "modelwire_asked"
DIRECT = pytest.mark.parametrize("lane", ["direct"])

KEYS = [*map(str, range(1, 13)), "x", "1.5", "", "9" * 30, "-1", "%31", "null", "0"]
QUERIES = [
    *("?fields=username", "?fields=id,email", "?include=team", "?include=x", "?fields=", "?a=b"),
    *[""] * 6,
]


def told(answer: Any) -> tuple[int, bytes, str | None]:
    return answer.status_code, answer.content, answer.headers.get("etag")


class Draws:
    """Draws requests for rows: there and not, well-formed and not, known to the client and not."""

    def __init__(self, seed: int, tags: Sequence[str] = ()) -> None:
        self._random = random.Random(seed)
        self._tags = tags

    def draw(self, many: int) -> Iterator[tuple[str, dict[str, str]]]:
        for _ in range(many):
            path = self._random.choice(("/users", "/teams", "/players"))
            query = self._random.choice(QUERIES)
            headers = {}
            if self._tags and self._random.random() < 0.3:
                headers["if-none-match"] = self._random.choice(self._tags)
            yield f"{path}/{self._random.choice(KEYS)}{query}", headers


async def fill(database: Database) -> None:
    await store_users(database, **{f"u{i}": f"Name {i}" for i in range(1, 9)})
    await store(database, *(Team(name=f"t{i}") for i in range(1, 7)))
    await store(database, *(Player(name=f"p{i}", team_id=1 + i % 3) for i in range(10)))


@pytest.mark.parametrize("seed", range(20 if THOROUGH else 3))
async def test_together_as_alone(
    client: httpx2.AsyncClient, database: Database, lane: str, statements: list[str], seed: int
) -> None:
    """Simultaneous requests are answered as if each had come alone."""
    await fill(database)
    tags = ["*", *[(await client.get(f"/users/{n}")).headers["etag"] for n in range(1, 4)]]
    asked = list(Draws(seed, tags).draw(150))
    alone = [told(await client.get(path, headers=headers)) for path, headers in asked]
    assert {status for status, _, _ in alone} >= {200, 304, 404, 422}
    statements.clear()
    answers = await asyncio.gather(*(client.get(path, headers=h) for path, h in asked))
    for (path, _), expected, answer in zip(asked, alone, answers, strict=True):
        assert told(answer) == expected, path
    are_gathered = lane == "direct" and database.dialect == "postgresql"
    assert any(GATHERED in text for text in statements) is are_gathered


@POSTGRESQL
@DIRECT
async def test_answers_of_others_are_noticed(
    client: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison above tells whether answers are handed out to those who asked."""
    hand_out = rows._hand_out
    monkeypatch.setattr(rows, "_hand_out", lambda *args: hand_out(*args)[::-1])
    with pytest.raises(AssertionError):
        await test_together_as_alone(client, database, "direct", [], 0)


class Race:
    """Writers that count up a number in each row, and readers that know what they must see.

    Args:
        client: Asks.
        rows: How many rows there are, with keys from 1.
        seconds: How long it goes on.
    """

    def __init__(self, client: Any, rows: int, seconds: float) -> None:
        self._client = client
        self._draw = random.Random(rows)
        self._ends_s = asyncio.get_running_loop().time() + seconds
        self.acknowledged = dict.fromkeys(range(1, rows + 1), 0)
        self.read = {"rows": 0, "pages": 0, "given up": 0}

    async def run(self) -> None:
        await asyncio.gather(
            *(self._repeat(self.write, key) for key in self.acknowledged),
            *(self._repeat(self.read_row) for _ in range(12)),
            *(self._repeat(self.read_page) for _ in range(4)),
        )

    async def _repeat(self, step: Any, *arguments: Any) -> None:
        while asyncio.get_running_loop().time() < self._ends_s:
            await step(*arguments)

    async def write(self, key: int) -> None:
        number = self.acknowledged[key] + 1
        answer = await self._client.patch(f"/users/{key}", json={"full_name": str(number)})
        assert answer.status_code == 200, answer.text
        self.acknowledged[key] = number
        await asyncio.sleep(self._draw.random() / 500)

    async def read_row(self) -> None:
        key = self._draw.choice([*self.acknowledged])
        least = self.acknowledged[key]
        asking = asyncio.ensure_future(self._client.get(f"/users/{key}"))
        if self._draw.random() < 0.2:
            await asyncio.sleep(self._draw.random() / 300)
            asking.cancel()
            await asyncio.wait([asking])
        if asking.cancelled():
            self.read["given up"] += 1
            return
        row = (await asking).json()
        assert row["id"] == key
        assert int(row["full_name"]) >= least
        self.read["rows"] += 1

    async def read_page(self) -> None:
        least = dict(self.acknowledged)
        page = (await self._client.get("/users/?fields=id,full_name")).json()
        assert page["total"] == len(least)
        for row in page["items"]:
            assert int(row["full_name"]) >= least[row["id"]]
        self.read["pages"] += 1


@pytest.mark.parametrize("pool_size", [1, 3])
async def test_nobody_reads_what_was_before(
    databases: dict[str, Database], database: Database, pool_size: int
) -> None:
    """A row that is asked for after a change was acknowledged shows the change, whoever else asks,
    goes away or changes something meanwhile; so do pages."""
    url = databases[database.dialect].settings.database_url.get_secret_value()
    own, app = Database(url, pool_size=pool_size, **PATIENT), FastAPI()
    mount(app, own, *LEAGUE)
    await store_users(database, **{f"u{i}": "0" for i in range(4)})
    async with open_client(app) as client:
        race = Race(client, 4, 8.0 if THOROUGH else 1.5)
        await race.run()
    assert all(race.acknowledged.values())
    assert all(race.read.values())
    assert own.pool_state.in_use == 0
    await own.close_db()


@DIRECT
async def test_pages_are_read_once_for_all(
    client: httpx2.AsyncClient, database: Database, statements: list[str]
) -> None:
    """The same page in the same words; on SQLite most are done before another one is asked for."""
    await fill(database)
    targets = ["/users/?limit=3", "/users/?limit=3&sort=-id", "/teams/1/players/?limit=2"]
    alone = [told(await client.get(target)) for target in targets]
    statements.clear()
    answers = await asyncio.gather(*(client.get(target) for target in targets * 8))
    assert [told(answer) for answer in answers] == alone * 8
    pages = [text for text in statements if "LIMIT" in text]
    assert database.dialect == "sqlite" or len(pages) < len(targets) * 8
    asked = (client.post("/users/query", json={"limit": n}) for n in (1, 2, 3) * 4)
    answers = await asyncio.gather(*asked)
    assert [len(answer.json().get("items", ())) for answer in answers] == [1, 2, 3] * 4


@POSTGRESQL
async def test_what_is_long_together_is_read_one_by_one(
    database: Database, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statements that are slow for many are run on several connections for some time."""
    await fill(database)
    monkeypatch.setattr(rows, "LONG_S", 0.0)
    monkeypatch.setattr(rows, "LONG_EACH_S", 0.0)
    async with open_client(make_app(database, "direct", LEAGUE, {})) as client:
        for are_gathered in (True, False):
            statements.clear()
            await asyncio.gather(*(client.get(f"/users/{key}") for key in range(1, 9)))
            assert any(GATHERED in text for text in statements) is are_gathered
