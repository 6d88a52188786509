"""Pages of a list: what they hold, how they are cut, and in which order."""

import httpx2
import pytest

from examples.league import Player, Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.rows import (
    HIGH,
    KINDS,
    LOW,
    NULL,
    read_ids,
    refused_parameters,
    store,
    store_things,
    store_users,
)
from tests.zoo import Color, Group, Membership, Person, Thing

KIND_IDS = [kind[0] for kind in KINDS]


async def store_players(database: Database, *positions: str | None) -> None:
    """Store players of one team by their position, with keys from 1 upwards."""
    await store(database, Team(id=1, name="Red"))
    players = [Player(id=i, name="x", position=p, team_id=1) for i, p in enumerate(positions, 1)]
    await store(database, *players)


async def test_empty_list(client: httpx2.AsyncClient) -> None:
    """A list without rows is an empty page."""
    answer = await client.get("/users/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"items": [], "total": 0, "skip": 0, "limit": 10}


async def test_first_page(client: httpx2.AsyncClient, database: Database) -> None:
    """Without parameters, a page holds the first ten rows by their key, and counts them all."""
    await store_players(database, *["goal"] * 12)
    page = (await client.get("/players/")).json()
    assert [item["id"] for item in page["items"]] == list(range(1, 11))
    assert (page["total"], page["skip"], page["limit"]) == (12, 0, 10)


async def test_item_is_the_row(client: httpx2.AsyncClient, database: Database) -> None:
    """An item of a page is what reading that row answers, without its default includes."""
    await store_users(database, ann="Ann")
    items = (await client.get("/users/")).json()["items"]
    assert items == [(await client.get("/users/1")).json()]


@pytest.mark.parametrize(
    ("query", "ids", "total"),
    [
        ("skip=2&limit=2", [3, 4], 5),
        ("skip=4&limit=2", [5], 5),
        ("skip=5", [], 5),
        ("skip=1000", [], 5),
        ("skip=9223372036854775807", [], 5),
        ("limit=5", [1, 2, 3, 4, 5], 5),
        ("limit=1", [1], 5),
        ("position=goal&limit=1", [1], 3),
        ("position=goal&skip=3", [], 3),
        ("position=goal&skip=9", [], 3),
        ("position=nowhere&skip=9", [], 0),
    ],
)
async def test_page(
    client: httpx2.AsyncClient, database: Database, query: str, ids: list[int], total: int
) -> None:
    """A page holds the rows after those skipped; its total is right wherever it stands."""
    await store_players(database, "goal", "left", "goal", None, "goal")
    page = (await client.get(f"/players/?{query}")).json()
    assert [item["id"] for item in page["items"]] == ids
    assert page["total"] == total


async def test_page_says_its_bounds(client: httpx2.AsyncClient) -> None:
    """A page repeats the bounds that were asked for."""
    page = (await client.get("/users/?skip=7&limit=3")).json()
    assert (page["skip"], page["limit"]) == (7, 3)


@pytest.mark.parametrize(
    "query",
    ["limit=" + value for value in ("0", "-1", "101", "", "x", "1.5", "%D9%A1", "9" * 30)]
    + ["skip=" + value for value in ("-1", "", "x", "1e2", str(2**63), "%00", "%FF")],
)
async def test_bad_bounds(client: httpx2.AsyncClient, query: str) -> None:
    """Bounds outside their range, or no integers, are 422."""
    assert refused_parameters(await client.get(f"/users/?{query}")) == [query.partition("=")[0]]


async def test_declared_bounds(make_client: MakeClient) -> None:
    """A resource may declare other bounds for its pages."""
    made = await make_client(Resource(User, default_limit=2, max_limit=3))
    assert (await made.get("/users/")).json()["limit"] == 2
    assert (await made.get("/users/?limit=3")).json()["limit"] == 3
    assert refused_parameters(await made.get("/users/?limit=4")) == ["limit"]


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("username", [2, 3, 1]),
        ("-username", [1, 3, 2]),
        ("-id", [3, 2, 1]),
        ("full_name,username", [2, 1, 3]),
        ("full_name,-username", [1, 2, 3]),
        ("-full_name,username", [3, 2, 1]),
        ("is_active", [1, 2, 3]),
        ("is_active,-id", [3, 2, 1]),
        ("", [1, 2, 3]),
    ],
)
async def test_sort(
    client: httpx2.AsyncClient, database: Database, sort: str, ids: list[int]
) -> None:
    """A list is sorted by the fields that `sort` names, a minus for descending, then by the key."""
    await store_users(database, zoe="a", ann="a", bob="b")
    assert await read_ids(client, f"/users/?sort={sort}") == ids


@pytest.mark.parametrize(
    ("sort", "ids"), [("position", [2, 5, 4, 1, 3]), ("-position", [1, 3, 4, 2, 5])]
)
async def test_null_is_the_largest(
    client: httpx2.AsyncClient, database: Database, sort: str, ids: list[int]
) -> None:
    """NULL sorts as the largest value in both directions, on both databases."""
    await store_players(database, None, "goal", None, "left", "goal")
    assert await read_ids(client, f"/players/?sort={sort}") == ids


@pytest.mark.parametrize(("column", "low", "high", "_low", "_high"), KINDS, ids=KIND_IDS)
async def test_sort_by_every_kind(
    make_client: MakeClient,
    database: Database,
    column: str,
    low: object,
    high: object,
    _low: str,
    _high: str,
) -> None:
    """Columns of every kind sort by their values, NULL last when ascending."""
    made = await make_client(Resource(Thing))
    await store_things(database, column, low, high)
    assert await read_ids(made, f"/things/?sort={column}") == [LOW, HIGH, NULL]
    assert await read_ids(made, f"/things/?sort=-{column}") == [NULL, HIGH, LOW]


async def test_enums_sort_as_declared(make_client: MakeClient, database: Database) -> None:
    """Enums sort in the order of their declaration, which is not that of their spelling."""
    made = await make_client(Resource(Thing))
    await store(database, *[Thing(tags=[], color=color) for color in reversed(Color)])
    items = (await made.get("/things/?sort=color")).json()["items"]
    assert [item["color"] for item in items] == ["red", "green", "blue"]


@pytest.mark.parametrize("sort", ["", "position", "-position", "team_id,-position", "-name"])
async def test_pages_do_not_overlap(
    client: httpx2.AsyncClient, database: Database, sort: str
) -> None:
    """However many rows are equal in the order, the pages together hold each exactly once."""
    await store_players(database, *["goal", None, "left"] * 3)
    whole = await read_ids(client, f"/players/?sort={sort}")
    pages = [
        await read_ids(client, f"/players/?sort={sort}&skip={skip}&limit=2")
        for skip in range(0, 10, 2)
    ]
    assert [key for page in pages for key in page] == whole
    assert sorted(whole) == list(range(1, 10))


async def test_composite_key_is_the_last_order(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """Rows that are equal in the order are sorted by all the parts of their key."""
    await store(database, *[Group(id=i, name=f"g{i}") for i in (1, 2)])
    await store(database, *[Person(id=i, first_name="A", last_name=f"{i}") for i in (1, 2)])
    keys = [(2, 1), (1, 2), (2, 2), (1, 1)]
    await store(database, *[Membership(group_id=g, person_id=p) for g, p in keys])
    items = (await zoo_client.get("/memberships/?sort=role")).json()["items"]
    assert [(item["group_id"], item["person_id"]) for item in items] == sorted(keys)


@pytest.mark.parametrize(
    "sort", ["nope", "-nope", "username,nope", "metadata", "--id", "id,id", "id,-id", "team.name"]
)
async def test_bad_sort(client: httpx2.AsyncClient, sort: str) -> None:
    """A sort by anything but distinct fields of the resource is 422."""
    assert refused_parameters(await client.get(f"/users/?sort={sort}")) == ["sort"]


async def test_sort_by_json(zoo_client: httpx2.AsyncClient) -> None:
    """JSON has no order, so a sort by it is 422."""
    assert refused_parameters(await zoo_client.get("/things/?sort=data")) == ["sort"]


async def test_sort_names_the_closest_field(client: httpx2.AsyncClient) -> None:
    """A misspelt field in `sort` is answered with the one that was probably meant."""
    answer = await client.get("/users/?sort=-usernme")
    assert "did you mean `username`?" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("path", "hidden", "unknown"),
    [
        ("people", "password_hash", "passwort_hesh"),
        ("things", "token_id", "tokem_it"),
    ],
)
@pytest.mark.parametrize("query", ["{}=1", "{}__eq=1", "{}__isnull=true", "sort={}", "sort=-{}"])
async def test_hidden_field(
    zoo_client: httpx2.AsyncClient, path: str, hidden: str, unknown: str, query: str
) -> None:
    """A hidden field is answered in filters and in sort as one that does not exist."""
    real = await zoo_client.get(f"/{path}/?{query.format(hidden)}")
    made_up = await zoo_client.get(f"/{path}/?{query.format(unknown)}")
    assert real.status_code == 422
    assert real.text.replace(hidden, "*") == made_up.text.replace(unknown, "*")


async def test_hidden_field_is_not_suggested(zoo_client: httpx2.AsyncClient) -> None:
    """A misspelt hidden field is not answered with its name."""
    answer = await zoo_client.get("/people/?password_has=1")
    assert "password_hash" not in answer.text


async def test_list_does_not_show_hidden_fields(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """The items of a page do not have the fields that are hidden."""
    await store(database, Person(id=1, first_name="A", last_name="B", password_hash="x"))
    items = (await zoo_client.get("/people/")).json()["items"]
    assert items == [{"id": 1, "first_name": "A", "last_name": "B"}]


@pytest.mark.parametrize(
    "query", ["limit=1&limit=1", "skip=0&skip=0", "sort=id&sort=id", "username=a&username=a"]
)
async def test_repeated_parameter(client: httpx2.AsyncClient, query: str) -> None:
    """A parameter that stands twice is 422, even with the same value."""
    answer = await client.get(f"/users/?{query}")
    assert refused_parameters(answer) == [query.partition("=")[0]]


@pytest.mark.parametrize(
    ("query", "parameter", "meant"),
    [
        ("nope=1", "nope", None),
        ("usernme=ann", "usernme", "username"),
        ("usernme__eq=ann", "usernme__eq", "username"),
        ("limt=1", "limt", "limit"),
        ("Username=ann", "Username", "username"),
        ("registry=x", "registry", None),
    ],
)
async def test_unknown_parameter(
    client: httpx2.AsyncClient, query: str, parameter: str, meant: str | None
) -> None:
    """A parameter that means nothing is 422, with the closest one that means something."""
    answer = await client.get(f"/users/?{query}")
    assert refused_parameters(answer) == [parameter]
    message = answer.json()["errors"][0]["message"]
    assert f"did you mean `{meant}" in message if meant else "did you mean" not in message


@pytest.mark.parametrize("query", ["a%00=1", "username=a%00", "%FF=1", "username=%ED%A0%80"])
async def test_text_that_is_none(client: httpx2.AsyncClient, query: str) -> None:
    """NUL characters and bytes that are no UTF-8 in a query are 422."""
    assert len(refused_parameters(await client.get(f"/users/?{query}"))) == 1
