"""The limit of included rows in a response: for every query, and before rows are read."""

import json
import random
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from examples.league import Player, Team
from modelwire import Database, Resource
from tests.conftest import INCLUDES, LEAGUE, make_app, open_client
from tests.http.problems import count_rows, read_problem
from tests.http.rows import store, store_many
from tests.zoo import Category, Group, Membership, Person

ZOO = tuple(Resource(model, includes=INCLUDES[model]) for model in (Category, Group, Person))

Limit = Callable[..., Any]


@pytest.fixture
async def limited(
    database: Database, lane: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Limit]:
    """Open a client of an application whose answers include no more rows than given."""
    async with AsyncExitStack() as stack:

        async def open_limited(
            most: int, resources: tuple[Resource, ...] = LEAGUE, **options: Any
        ) -> httpx2.AsyncClient:
            monkeypatch.setenv("MODELWIRE_MAX_INCLUDED", str(most))
            own = Database(database.settings.database_url.get_secret_value())
            stack.push_async_callback(own.close_db)
            app = make_app(own, lane, resources, options)
            return await stack.enter_async_context(open_client(app))

        yield open_limited


async def store_team(database: Database, players: int, teams: int = 1) -> None:
    """Store teams with some players each."""
    await store_many(database, Team, [{"name": f"t{i}"} for i in range(teams)])
    rows = [{"name": f"p{i}", "team_id": 1 + i % teams} for i in range(players * teams)]
    await store_many(database, Player, rows)


def refuse(answer: httpx2.Response, limit: int) -> str:
    """Check that an answer would have included too much; its detail."""
    problem = read_problem(answer, 422, "too_many_included")
    (error,) = problem["errors"]
    assert (error["parameter"], error["code"]) == ("include", "too_many_included")
    assert str(limit) in problem["detail"]
    return str(problem["detail"])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("/teams/1", 4),
        ("/teams/1?include=players&fields=name", 4),
        ("/teams/?include=players", 8),
        ("/teams/?include=players&cursor=", 8),
        ("/teams/?include=players&limit=1", 4),
        ("/players/?include=team", 8),
        ("/players/?include=team&cursor=&sort=-id", 8),
        ("/players/1?include=team.players", 5),
        ("/players/?include=team.players", 40),
        ("/teams/1/players/?include=team.players", 20),
    ],
)
async def test_the_limit_is_exact(limited: Limit, database: Database, url: str, shown: int) -> None:
    """As many rows as are allowed are shown, each as often as it stands there; one more is 422."""
    await store_team(database, players=4, teams=2)
    assert (await (await limited(shown)).get(url)).status_code == 200
    refuse(await (await limited(shown - 1)).get(url), shown - 1)


async def test_query_in_a_body(limited: Limit, database: Database) -> None:
    """The limit holds for queries in a body, where no path says which rows are meant."""
    await store_team(database, players=4)
    client = await limited(3)
    refuse(await client.post("/teams/query", json={"include": "players"}), 3)
    assert (await client.post("/teams/query", json={"limit": 5})).status_code == 200


async def test_names_the_list_to_use(limited: Limit, database: Database) -> None:
    """The answer names the path of the rows' own list, of the very row where there is one."""
    await store_team(database, players=4, teams=2)
    client = await limited(3, prefix="/api/")
    detail = refuse(await client.get("/api/teams/2"), 3)
    assert "page by page at /api/teams/2/players/" in detail
    assert "leave it out of `include`" in detail
    assert (await client.get("/api/teams/2/players/")).json()["total"] == 4
    assert (await client.get("/api/teams/2?include=")).status_code == 200
    detail = refuse(await client.get("/api/teams/?include=players"), 3)
    assert "/api/teams/{id}/players/" in detail
    detail = refuse(await client.get("/api/players/2?include=team.players"), 3)
    assert "/api/teams/2/players/" in detail


async def test_row_without_a_list(limited: Limit, database: Database) -> None:
    """Without a list of the included rows, the error suggests something else."""
    await store_team(database, players=4)
    client = await limited(3)
    assert "ask for fewer rows" in refuse(await client.get("/players/?include=team"), 3)
    no_list = (Resource(Team, includes=["players"]), Resource(Player, operations=["read"]))
    client = await limited(3, no_list)
    assert "/players/" not in refuse(await client.get("/teams/1?include=players"), 3)


async def test_hidden_key_is_not_named(limited: Limit, database: Database) -> None:
    """The path has the key of a row only if clients may see it."""
    await store_team(database, players=4)
    resources = (Resource(Team, includes=["players"], hidden=["id"]), Resource(Player))
    client = await limited(3, resources)
    assert "/teams/{id}/players/" in refuse(await client.get("/teams/?include=players"), 3)


PLAYERS = {"players": [{"name": f"new {i}"} for i in range(4)]}
MANY = (
    Resource(Team, includes=["players"], nested_writes=["players"]),
    Resource(Player, includes=["team"]),
)
WRITES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/teams/?include=players", {"name": "new", **PLAYERS}),
    ("POST", "/teams/bulk/?include=players", [{"name": "new", **PLAYERS}]),
    ("POST", "/teams/bulk/?include=players&atomic=false", [{"name": "new", **PLAYERS}]),
    ("POST", "/teams/bulk/?include=players&on_conflict=name", [{"name": "t0", "city": "new"}]),
    ("PATCH", "/teams/1?include=players", {"city": "new"}),
    ("PUT", "/teams/1?include=players", {"city": "new"}),
    ("PATCH", "/teams/bulk/?include=players", [{"id": 1, "city": "new"}]),
    ("PATCH", "/teams/bulk/?include=players&atomic=false", [{"id": 1, "city": "new"}]),
    ("POST", "/teams/1/players/?include=team.players", {"name": "new"}),
)


@pytest.mark.parametrize(("method", "url", "body"), WRITES, ids=[f"{w[0]} {w[1]}" for w in WRITES])
@pytest.mark.parametrize("key", [None, "once"])
async def test_write_is_undone(
    limited: Limit, database: Database, method: str, url: str, body: Any, key: str | None
) -> None:
    """A write whose answer would include too much is refused, and nothing of it is stored."""
    await store_team(database, players=4)
    headers = {"Idempotency-Key": key} if key else {}
    client = await limited(3, MANY)
    refuse(await client.request(method, url, json=body, headers=headers), 3)
    assert await count_rows(client, "/teams/?or=(name:new,city:new)") == 0
    assert await count_rows(client, "/players/?name__startswith=new") == 0
    wider = await limited(6, MANY)
    done = await wider.request(method, url, json=body, headers=headers)
    assert done.status_code in (200, 201, 207), done.text


# ---- streams ------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [4, 5, 9, 100])
async def test_stream_goes_on_in_smaller_batches(
    limited: Limit, database: Database, statements: list[str], most: int
) -> None:
    """A stream has all that its rows include, however many these are together."""
    await store_team(database, players=4, teams=40)
    client = await limited(most)
    statements.clear()
    teams = (await client.get("/teams/stream/?include=players&sort=-name")).json()
    assert [team["id"] for team in teams] == [t["id"] for t in sorted(teams, key=by_name)]
    assert {len(team["players"]) for team in teams} == {4}
    assert len(teams) == 40
    # Most of the statements are those that there have to be: two for each batch.
    assert len(statements) < 2 * (2 * 160 / most + 10) + 12


def by_name(team: dict[str, Any]) -> list[int]:
    return [-ord(letter) for letter in str(team["name"]).ljust(9)]


async def test_row_of_a_stream_with_too_much(limited: Limit, database: Database) -> None:
    """A stream whose first row includes too much is 422; a later one breaks it off."""
    await store_team(database, players=4, teams=3)
    await store_many(database, Player, [{"name": f"more {i}", "team_id": 2} for i in range(4)])
    client = await limited(7)
    assert "/teams/2/players/" in refuse(
        await client.get("/teams/stream/?include=players&id__gt=1"), 7
    )
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        (await client.get("/teams/stream/?include=players")).json()


@pytest.mark.parametrize("seed", range(6))
async def test_streams_at_random(limited: Limit, database: Database, seed: int) -> None:
    """Whatever the rows include and the limit is, a stream is what it is without one."""
    chance = random.Random(seed)
    await store_random(database, chance)
    whole, most = await limited(10_000, ZOO), chance.randint(8, 60)
    cut = await limited(most, ZOO)
    for path in ("/categories/stream/?include=children", "/groups/stream/?include=members.groups"):
        expected = (await whole.get(path)).json()
        if max((shown(row) for row in expected), default=0) <= most:
            assert (await cut.get(path)).json() == expected


# ---- against a plain model ----------------------------------------------------------------------


async def store_random(database: Database, chance: random.Random) -> None:
    """Store a forest of categories, and groups that share people."""
    count = chance.randint(0, 30)
    for i in range(1, count + 1):
        parent = chance.choice([None, *range(1, i)]) if i > 1 else None
        await store(database, Category(id=i, name=f"c{i}", parent_id=parent))
    groups, people = chance.randint(1, 6), chance.randint(1, 12)
    await store_many(database, Group, [{"id": i, "name": f"g{i}"} for i in range(groups)])
    names = [{"id": i, "first_name": f"p{i}", "last_name": "x"} for i in range(people)]
    await store_many(database, Person, names)
    pairs = [(g, p) for g in range(groups) for p in range(people) if chance.random() < 0.5]
    links = [{"group_id": g, "person_id": p, "role": "x"} for g, p in pairs]
    if links:
        await store_many(database, Membership, links)


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of an answer, however deep."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from objects_in(item)


def shown(row: Any) -> int:
    """Return the number of included rows in a response."""
    return sum(1 for _ in objects_in(row)) - 1


RANDOM = (
    "/categories/?limit=100&include=children",
    "/categories/?limit=100&include=parent,children.children",
    "/categories/?limit=100&include=parent.parent.children",
    "/categories/?limit=100&include=parent.children,children",
    "/groups/?limit=100&include=members",
    "/groups/?limit=100&include=members.groups",
    "/people/?limit=100&include=groups.members.groups",
    "/groups/0?include=members.groups.members",
    "/groups/0/members/?limit=100&include=groups.members",
)


@pytest.mark.parametrize("seed", range(8))
async def test_count_at_random(limited: Limit, database: Database, seed: int) -> None:
    """An answer is 422 exactly where its JSON would have more included objects than allowed."""
    chance = random.Random(seed)
    await store_random(database, chance)
    whole = await limited(1_000_000, ZOO)
    answers = {url: await whole.get(url) for url in RANDOM}
    counts = {}
    for url, answer in answers.items():
        document = answer.json()
        counts[url] = sum(map(shown, document.get("items", [document])))
    most = max(1, chance.choice(list(counts.values())) - chance.randint(0, 1))
    cut = await limited(most, ZOO)
    for url, count in counts.items():
        answer = await cut.get(url)
        if count <= most:
            assert answer.content == answers[url].content, url
        else:
            refuse(answer, most)


# ---- before memory is spent ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["/teams/1", "/teams/?include=players", "/players/1?include=team.players"]
)
async def test_no_more_is_read(
    limited: Limit, database: Database, statements: list[str], url: str
) -> None:
    """The statements themselves end at one row more than is allowed."""
    await store_team(database, players=20)
    client = await limited(5)
    statements.clear()
    refuse(await client.get(url), 5)
    assert any(f"LIMIT {5 + 1}" in " ".join(sql.split()) for sql in statements), statements


@pytest.mark.parametrize(
    "url", ["/teams/1", "/teams/stream/?include=players", "/players/?include=team.players&limit=99"]
)
async def test_memory_of_a_refusal(limited: Limit, database: Database, url: str) -> None:
    """A refusal takes as much memory for many rows as for few more than allowed."""
    await store_team(database, players=300)
    client = await limited(200)
    peaks = []
    for more in (0, 6000):
        rows = [{"name": f"more {i}", "team_id": 1} for i in range(more)]
        if rows:
            await store_many(database, Player, rows)
        refuse(await client.get(url), 200)
        tracemalloc.start()
        refuse(await client.get(url), 200)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5, peaks


async def test_answer_that_leads_back(limited: Limit, database: Database) -> None:
    """An answer of 2,010 players, each with all the others, is refused with little memory."""
    await store_team(database, players=2010)
    resources = (
        Resource(Team, includes=["players"]),
        Resource(Player, includes=["team"]),
    )
    client = await limited(10_000, resources)
    url = "/players/1?include=team.players"
    assert len((await client.get(url)).json()["team"]["players"]) == 2010
    await client.get("/players/?limit=10&include=team.players")
    tracemalloc.start()
    refuse(await client.get("/players/?limit=10&include=team.players"), 10_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000, peak
    page = await client.get("/players/?limit=4&include=team.players")
    assert len(json.loads(page.content)["items"]) == 4
