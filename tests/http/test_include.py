"""Includes: related rows that are shown along."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from examples.league import Player, Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.rows import read_items, refused_parameters, store, store_many
from tests.zoo import Author, Book, Category, Chapter, City, Country, Group, Membership, Person


async def store_teams(database: Database, teams: int, players: int) -> None:
    """Store teams of some players each; the keys of the players go round the teams."""
    await store_many(database, Team, [{"id": i, "name": f"t{i}"} for i in range(1, teams + 1)])
    rows = [
        {"id": i, "name": f"p{i}", "position": "goal" if i <= teams else None, "team_id": team}
        for i, team in enumerate(list(range(1, teams + 1)) * players, 1)
    ]
    await store_many(database, Player, rows)


async def store_members(database: Database) -> None:
    """Store two groups that share a person, and an empty one."""
    names = {1: "Ann", 2: "Ben", 3: "Cid"}
    await store(database, *[Group(id=i, name=f"g{i}") for i in (1, 2, 3)])
    for key, name in names.items():
        await store(database, Person(id=key, first_name=name, last_name="x", password_hash="y"))
    links = [(1, 3), (1, 1), (2, 2), (2, 1)]
    await store(database, *[Membership(group_id=g, person_id=p) for g, p in links])


def select_count(statements: list[str]) -> int:
    """Return the number of statements that read rows."""
    return sum(sql.lstrip().upper().startswith(("SELECT", "WITH")) for sql in statements)


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


async def test_to_one(client: httpx2.AsyncClient, database: Database) -> None:
    """A to-one include shows the related row with its own columns."""
    await store_teams(database, teams=2, players=1)
    player = (await client.get("/players/2?include=team")).json()
    assert player["team"] == {"id": 2, "name": "t2", "city": None}


async def test_to_one_in_a_list(client: httpx2.AsyncClient, database: Database) -> None:
    """Each item of a page has its own related row, shared ones too."""
    await store_teams(database, teams=2, players=2)
    players = await read_items(client, "/players/?include=team")
    assert [player["team"]["id"] for player in players] == [1, 2, 1, 2]


async def test_no_related_row(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A to-one include without a related row is null, and a to-many one is empty."""
    await store(database, Category(id=1, name="root"))
    category = (await zoo_client.get("/categories/1?include=parent,children")).json()
    assert (category["parent"], category["children"]) == (None, [])


async def test_to_many(client: httpx2.AsyncClient, database: Database) -> None:
    """A to-many include shows all the children with their own columns, ordered by their key."""
    await store(database, Team(id=1, name="Red"), Team(id=2, name="Blue"))
    for key, team in ((9, 1), (4, 2), (7, 1)):
        await store(database, Player(id=key, name="x", team_id=team))
    teams = await read_items(client, "/teams/?include=players")
    assert [ids(team["players"]) for team in teams] == [[7, 9], [4]]
    assert teams[1]["players"] == [{"id": 4, "name": "x", "position": None, "team_id": 2}]


async def test_many_to_many(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A many-to-many include shows the rows at the other end, ordered by their key."""
    await store_members(database)
    groups = await read_items(zoo_client, "/groups/?include=members")
    assert [ids(group["members"]) for group in groups] == [[1, 3], [1, 2], []]
    people = await read_items(zoo_client, "/people/?include=groups")
    assert [ids(person["groups"]) for person in people] == [[1, 2], [2], [1]]


async def test_hidden_fields_of_the_target(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """Included rows do not have the fields that their resource hides, at any depth."""
    await store_members(database)
    answer = await zoo_client.get("/groups/1?include=members.groups.members")
    member = answer.json()["members"][0]["groups"][0]["members"][0]
    assert member == {"id": 1, "first_name": "Ann", "last_name": "x"}
    assert "password_hash" not in answer.text


async def test_self_reference(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A relationship of a table with itself is included in both directions."""
    for key, parent in ((1, None), (2, 1), (3, 2), (4, 2)):
        await store(database, Category(id=key, name="x", parent_id=parent))
    category = (await zoo_client.get("/categories/2?include=parent,children")).json()
    assert category["parent"]["id"] == 1
    assert ids(category["children"]) == [3, 4]


async def test_text_keys(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Rows that refer to each other by text are included too, ordered by composite keys."""
    await store(database, *[Country(code=code, name="x") for code in ("é,{}", "b")])
    for name in ("Ulm", '"Bonn\\', "Köln"):
        founded = datetime(2026, 1, 1, tzinfo=UTC)
        await store(database, City(country_code="é,{}", name=name, founded=founded))
    country = (await zoo_client.get("/countries/%C3%A9%2C%7B%7D?include=cities")).json()
    assert [city["name"] for city in country["cities"]] == ['"Bonn\\', "Köln", "Ulm"]


async def test_several(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Several includes are separated by commas, and do not multiply each other's rows."""
    await store(database, Author(id=1, name="x"))
    await store(database, *[Book(id=i, title="x", author_id=1) for i in (1, 2)])
    await store(database, *[Chapter(id=i, heading="x", book_id=2) for i in (1, 2, 3)])
    author = (await zoo_client.get("/authors/1?include=books.chapters,reviews")).json()
    assert ids(author["books"]) == [1, 2]
    assert [ids(book["chapters"]) for book in author["books"]] == [[], [1, 2, 3]]
    assert author["reviews"] == []


async def test_nested(client: httpx2.AsyncClient, database: Database) -> None:
    """A path of relationships includes all the rows on its way."""
    await store_teams(database, teams=2, players=2)
    players = await read_items(client, "/players/?include=team.players")
    assert [ids(p["team"]["players"]) for p in players] == [[1, 3], [2, 4], [1, 3], [2, 4]]
    assert "team" not in players[0]["team"]["players"][0]


async def test_deepest_path(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A path of three relationships is taken, and a deeper one is 422."""
    for key in (1, 2, 3, 4):
        await store(database, Category(id=key, name="x", parent_id=key - 1 or None))
    path = "children.children.children"
    category = (await zoo_client.get(f"/categories/1?include={path}")).json()
    assert ids(category["children"][0]["children"][0]["children"]) == [4]
    deeper = await zoo_client.get(f"/categories/1?include={path}.children")
    assert refused_parameters(deeper) == ["include"]


async def test_default(client: httpx2.AsyncClient, database: Database) -> None:
    """An include that is on by default is shown when one row is read."""
    await store_teams(database, teams=1, players=2)
    assert ids((await client.get("/teams/1")).json()["players"]) == [1, 2]


async def test_default_is_for_one_row(client: httpx2.AsyncClient, database: Database) -> None:
    """An include that is on by default is not shown in lists, nested rows or answers to writes."""
    await store_teams(database, teams=1, players=2)
    assert "players" not in (await read_items(client, "/teams/"))[0]
    assert "players" not in (await client.get("/players/1?include=team")).json()["team"]
    assert "players" not in (await client.patch("/teams/1", json={})).json()


async def test_default_switched_off(client: httpx2.AsyncClient, database: Database) -> None:
    """An empty `include` shows the row's own columns only."""
    await store_teams(database, teams=1, players=2)
    team = (await client.get("/teams/1?include=")).json()
    assert team == {"id": 1, "name": "t1", "city": None}


async def test_limit_is_of_parents(client: httpx2.AsyncClient, database: Database) -> None:
    """The bounds of a page count parents, each with all its children."""
    await store_teams(database, teams=5, players=3)
    page = (await client.get("/teams/?include=players&skip=1&limit=2&sort=-id")).json()
    assert ids(page["items"]) == [4, 3]
    assert [ids(team["players"]) for team in page["items"]] == [[4, 9, 14], [3, 8, 13]]
    assert page["total"] == 5


async def test_filter_keeps_all_children(client: httpx2.AsyncClient, database: Database) -> None:
    """A filter chooses parents, and never which of their children are shown."""
    await store_teams(database, teams=3, players=2)
    teams = await read_items(client, "/teams/?include=players&name=t2&id__gt=1")
    assert [ids(team["players"]) for team in teams] == [[2, 5]]
    players = await read_items(client, "/players/?include=team.players&position=goal&id=3")
    assert ids(players[0]["team"]["players"]) == [3, 6]


async def test_two_statements(
    make_client: MakeClient, database: Database, statements: list[str]
) -> None:
    """A list of a hundred teams with their players takes two statements, not one for each."""
    made = await make_client(
        Resource(Team, includes=["players"], max_limit=200), Resource(Player, includes=["team"])
    )
    await store_teams(database, teams=100, players=3)
    statements.clear()
    teams = await read_items(made, "/teams/?include=players&limit=200")
    assert sum(len(team["players"]) for team in teams) == 300
    assert select_count(statements) == 2


async def test_statement_for_each_include(
    client: httpx2.AsyncClient, database: Database, statements: list[str]
) -> None:
    """Each relationship on a path takes one statement, and counting a full page one more."""
    await store_teams(database, teams=5, players=2)
    statements.clear()
    await read_items(client, "/players/?include=team.players&limit=5")
    assert select_count(statements) == 4


@pytest.mark.parametrize("path", ["/players/", "/players/1", "/players/stream/"])
@pytest.mark.parametrize(
    "include", ["nope", "team,nope", "team.nope", "team_id", ".", "team.", "Team", "__class__"]
)
async def test_unknown(client: httpx2.AsyncClient, path: str, include: str) -> None:
    """An include that names no relationship is 422 wherever rows are read."""
    assert refused_parameters(await client.get(f"{path}?include={include}")) == ["include"]


async def test_unknown_names_the_closest(client: httpx2.AsyncClient) -> None:
    """A misspelt include is answered with the one that was probably meant."""
    answer = await client.get("/teams/?include=playrs")
    assert "did you mean `players`?" in answer.json()["errors"][0]["message"]


async def test_relationship_that_is_not_opened(make_client: MakeClient) -> None:
    """A relationship that the resource does not declare can't be included."""
    made = await make_client(Resource(Team), Resource(Player, includes=["team"]))
    assert refused_parameters(await made.get("/teams/?include=players")) == ["include"]
    assert refused_parameters(await made.get("/players/?include=team.players")) == ["include"]


async def test_resource_without_relationships(make_client: MakeClient) -> None:
    """A resource that has nothing to include refuses every include."""
    made = await make_client(Resource(User))
    assert refused_parameters(await made.get("/users/?include=teams")) == ["include"]


async def test_hidden_columns_that_join(make_client: MakeClient, database: Database) -> None:
    """Columns by which rows are joined may be hidden, and are not shown for it."""
    made = await make_client(
        Resource(Team, includes=["players"], hidden=["id"]),
        Resource(Player, includes=["team"], hidden=["team_id"]),
    )
    await store_teams(database, teams=2, players=1)
    teams = await read_items(made, "/teams/?include=players")
    assert teams[1] == {
        "name": "t2",
        "city": None,
        "players": [{"id": 2, "name": "p2", "position": "goal"}],
    }
    player = (await made.get("/players/2?include=team")).json()
    assert "team_id" not in player
    assert player["team"] == {"name": "t2", "city": None}
