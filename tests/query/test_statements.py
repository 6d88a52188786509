"""The number of statements of a list: one, one for each include, and one more to count.

That holds for sub-collections too: a page that has rows shows that their parent is there.
"""

import httpx2
import pytest

from examples.league import Player, Team
from modelwire import Database
from tests.http.rows import store, store_many
from tests.zoo import Category, Group, Membership, Person

LISTS = [
    ("/players/?limit=2&count=none", 0),
    ("/players/?limit=50", 0),
    ("/players/?limit=50&skip=1", 0),
    ("/players/?limit=50&count=exact", 0),
    ("/players/?cursor=&limit=2", 0),
    ("/players/?cursor=&limit=50&sort=-name,position", 0),
    ("/players/?cursor=&limit=2&include=team", 1),
    ("/players/?limit=2&count=none&sort=team.name,-name", 0),
    ("/players/?limit=2&count=none&team.name__icontains=t", 0),
    ("/players/?limit=2&count=none&or=(team.name:t1,not(name__isnull:true))", 0),
    ("/players/?limit=2&count=none&q=p&fields=id", 0),
    ("/players/?limit=2&count=none&include=team", 1),
    ("/players/?limit=2&count=none&fields=name&include=team.players", 2),
    ("/players/stream/?include=team&sort=team.name", 1),
    ("/players/stream/?q=p", 0),
    ("/teams/?limit=2&count=none&include=players&players.name__ne=x", 1),
    ("/teams/1/players/?limit=2&count=none&include=team", 1),
    ("/teams/1/players/?cursor=&sort=-name", 0),
    ("/categories/?limit=5&count=none&include=parent,children", 2),
    ("/categories/?limit=5&count=none&include=children.children.children", 3),
    ("/groups/?limit=5&count=none&include=members.groups", 2),
    ("/groups/2/members/?limit=5&count=none&include=groups", 1),
]


async def store_all(database: Database) -> None:
    await store_many(database, Team, [{"id": i, "name": f"t{i}"} for i in (1, 2, 3)])
    players = [{"id": i, "name": f"p{i}", "team_id": 1 + i % 3} for i in range(1, 21)]
    await store_many(database, Player, players)
    await store(database, Category(id=1, name="root"))
    for i in range(2, 6):
        await store(database, Category(id=i, name=f"c{i}", parent_id=i - 1))
    await store(database, Group(id=1, name="g"), Group(id=2, name="h"))
    for i in (1, 2, 3):
        await store(database, Person(id=i, first_name=f"f{i}", last_name="x"))
        await store(database, Membership(group_id=1 + i % 2, person_id=i))


def reads(statements: list[str]) -> int:
    """Return the number of statements that read rows."""
    return sum(sql.lstrip().upper().startswith(("SELECT", "WITH")) for sql in statements)


@pytest.mark.parametrize(("url", "includes"), LISTS, ids=[url for url, _ in LISTS])
async def test_without_a_count(
    client: httpx2.AsyncClient,
    zoo_client: httpx2.AsyncClient,
    database: Database,
    statements: list[str],
    url: str,
    includes: int,
) -> None:
    """A list takes one statement and one for each include, where nothing has to be counted."""
    await store_all(database)
    asked = zoo_client if url.startswith(("/categories", "/groups")) else client
    statements.clear()
    answer = await asked.get(url)
    assert answer.status_code == 200, answer.text
    rows = answer.json() if "stream" in url else answer.json()["items"]
    assert len(rows) > 1
    assert 1 <= reads(statements) <= 1 + includes, statements


@pytest.mark.parametrize(
    ("url", "includes"),
    [
        ("/players/?limit=2", 0),
        ("/players/?limit=2&skip=4&include=team&sort=team.name", 1),
        ("/players/?skip=1000", 0),
        ("/players/?limit=2&count=estimate", 0),
        ("/players/?limit=2&team.name=t1&q=p", 0),
        ("/teams/?limit=1&include=players", 1),
        ("/teams/1/players/?limit=1&include=team", 1),
    ],
)
async def test_with_a_count(
    client: httpx2.AsyncClient,
    database: Database,
    statements: list[str],
    url: str,
    includes: int,
) -> None:
    """A total that is not known from the rows takes one statement more."""
    await store_all(database)
    statements.clear()
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    assert 1 <= reads(statements) <= 2 + includes, statements


@pytest.mark.parametrize("rows", [1, 100])
async def test_whatever_the_number_of_rows(
    client: httpx2.AsyncClient, database: Database, statements: list[str], rows: int
) -> None:
    """The number of statements is the same for one row and for a hundred."""
    await store_many(database, Team, [{"id": i, "name": f"t{i}"} for i in range(1, rows + 1)])
    players = [{"id": i, "name": "x", "team_id": i} for i in range(1, rows + 1)]
    await store_many(database, Player, players)
    statements.clear()
    answer = await client.get("/players/?limit=100&count=none&include=team.players")
    assert len(answer.json()["items"]) == rows
    assert reads(statements) == 3
