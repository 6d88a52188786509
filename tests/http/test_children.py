"""Lists below a row: `GET /teams/{id}/players/`."""

from typing import Any

import httpx2
import pytest
from fastapi import Depends, HTTPException

from examples.league import Player, Team
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import read_problem
from tests.http.rows import read_ids, read_items, refused_parameters, store
from tests.zoo import Category, City, Country, Group, Membership, Person


async def store_league(database: Database) -> None:
    """Store a team with three players, one with one and one with none."""
    await store(database, *[Team(id=i, name=n) for i, n in enumerate(["Red", "Blue", "Empty"], 1)])
    rows = [("ann", "goal", 1), ("bob", None, 1), ("cat", "goal", 2), ("dan", "left", 1)]
    players = [Player(id=i, name=n, position=p, team_id=t) for i, (n, p, t) in enumerate(rows, 1)]
    await store(database, *players)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [1, 2, 4]),
        ("position=goal", [1]),
        ("position__ne=goal", [2, 4]),
        ("sort=-position,name&limit=2", [2, 4]),
        ("or=(name:ann,name:cat)", [1]),
        ("q=d", [4]),
        ("team.name=Blue", []),
        ("skip=1&limit=1", [2]),
        ("fields=id&include=team", [1, 2, 4]),
    ],
)
async def test_children(
    client: httpx2.AsyncClient, database: Database, query: str, ids: list[int]
) -> None:
    """A row's children are a list with the whole query language."""
    await store_league(database)
    assert await read_ids(client, f"/teams/1/players/?{query}") == ids


async def test_page_of_children(client: httpx2.AsyncClient, database: Database) -> None:
    """The pages of children are those of any list."""
    await store_league(database)
    page = (await client.get("/teams/1/players?limit=1")).json()
    assert (page["total"], page["skip"], page["limit"]) == (3, 0, 1)
    first = (await client.get("/teams/1/players/?cursor=&limit=2")).json()
    second = (await client.get(f"/teams/1/players/?cursor={first['next']}&limit=2")).json()
    assert [item["id"] for page in (first, second) for item in page["items"]] == [1, 2, 4]


@pytest.mark.parametrize("query", ["", "?cursor=", "?q=x", "?skip=5", "?count=none"])
async def test_no_children_and_no_parent(
    client: httpx2.AsyncClient, database: Database, query: str
) -> None:
    """A row without children has an empty list; one that is not there is 404."""
    await store_league(database)
    assert await read_items(client, f"/teams/3/players/{query}") == []
    document = read_problem(await client.get(f"/teams/9/players/{query}"), 404, "not_found")
    assert document["detail"] == "Team not found"


@pytest.mark.parametrize(
    "path", ["/teams/x/players/", "/teams/1/players/?nope=1", "/teams/1/players/?limit=0"]
)
async def test_bad_request(client: httpx2.AsyncClient, path: str) -> None:
    """A bad key or parameter is 422, whether the row is there or not."""
    assert (await client.get(path)).status_code == 422


async def test_only_relations_to_many(client: httpx2.AsyncClient, database: Database) -> None:
    """A relation to one row has no list."""
    await store_league(database)
    read_problem(await client.get("/players/1/team/"), 404, "no_such_path")


async def test_parent_is_looked_for_only_if_need_be(
    client: httpx2.AsyncClient, database: Database, statements: list[str]
) -> None:
    """Children that are there prove their parent."""
    await store_league(database)
    statements.clear()
    assert len(await read_items(client, "/teams/1/players/?include=team")) == 3
    assert len(statements) == 2
    assert "FROM teams" not in statements[0]


async def test_many_to_many(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """The rows behind a link table are listed from both ends."""
    await store(database, *[Group(id=i, name=f"g{i}") for i in (1, 2)])
    await store(database, *[Person(id=i, first_name=f"p{i}", last_name="x") for i in (1, 2, 3)])
    links = [(1, 3), (1, 1), (2, 1)]
    await store(database, *[Membership(group_id=g, person_id=p) for g, p in links])
    assert await read_ids(zoo_client, "/groups/1/members/") == [1, 3]
    assert await read_ids(zoo_client, "/people/1/groups/?sort=-name") == [2, 1]
    assert await read_ids(zoo_client, "/people/2/groups/") == []
    assert (await zoo_client.get("/people/4/groups/")).status_code == 404


async def test_tree(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """The children of a row may be of its own table."""
    for key, parent in ((1, None), (2, 1), (3, 2), (4, 1)):
        await store(database, Category(id=key, name=f"c{key}", parent_id=parent))
    assert await read_ids(zoo_client, "/categories/1/children/?children.name=c3") == [2]
    assert await read_ids(zoo_client, "/categories/1/children/") == [2, 4]


async def test_text_key(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A key in the path is decoded as anywhere, and links lead back to it."""
    await store(database, Country(code="n/o", name="Norway"))
    await store(database, *[City(country_code="n/o", name=n) for n in ("Oslo", "Bergen")])
    answer = await zoo_client.get("/countries/n%2Fo/cities/?limit=1")
    assert [item["name"] for item in answer.json()["items"]] == ["Bergen"]
    assert "</countries/n%2Fo/cities/?limit=1&skip=1>" in answer.headers["link"]


def refuse() -> None:
    raise HTTPException(403, "not you")


@pytest.mark.parametrize(
    ("parent", "child", "status"),
    [
        ({}, {}, 200),
        ({"dependencies": [Depends(refuse)]}, {}, 403),
        ({"operation_dependencies": {"read": [Depends(refuse)]}}, {}, 403),
        ({"operation_dependencies": {"list": [Depends(refuse)]}}, {}, 200),
        ({}, {"dependencies": [Depends(refuse)]}, 403),
        ({}, {"operation_dependencies": {"list": [Depends(refuse)]}}, 403),
        ({}, {"operation_dependencies": {"create": [Depends(refuse)]}}, 200),
        ({"operations": ["list"]}, {}, 404),
        ({}, {"operations": ["read"]}, 404),
    ],
)
async def test_who_may_list_children(
    make_client: MakeClient,
    database: Database,
    parent: dict[str, Any],
    child: dict[str, Any],
    status: int,
) -> None:
    """Children are listed by callers who may read the row and list the children's resource."""
    await store_league(database)
    client = await make_client(Resource(Team, **parent), Resource(Player, **child))
    assert (await client.get("/teams/1/players/")).status_code == status


async def test_unknown_parameter_of_children(client: httpx2.AsyncClient) -> None:
    """The parameters are those of the children."""
    assert refused_parameters(await client.get("/teams/1/players/?city=Oslo")) == ["city"]
