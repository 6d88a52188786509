"""Keyset pages: `cursor`, forward and backward, whatever the order and whatever happens between."""

from collections.abc import Sequence
from typing import Any

import httpx2
import pytest

from examples.league import Player, Team
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.rows import KINDS, read_ids, refused_parameters, store, store_many, store_things
from tests.zoo import City, Country, Person, Thing

POSITIONS = ["goal", None, "left", "goal", None, "left", "goal", None, "back"]


async def store_players(database: Database) -> None:
    """Store players of two teams with keys from 1, among them ties and NULLs."""
    await store(database, Team(id=1, name="Red"), Team(id=2, name="Blue", city="Oslo"))
    rows = [
        Player(id=i, name=f"p{i % 4}", position=position, team_id=1 + i % 2)
        for i, position in enumerate(POSITIONS, 1)
    ]
    await store(database, *rows)


async def read_page(client: httpx2.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    """Read one keyset page. Without a cursor it would be the first one again."""
    assert None not in query.values()
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    assert sorted(page) == ["items", "limit", "next", "previous"]
    return page


async def walk(
    client: httpx2.AsyncClient, path: str, towards: str, cursor: str = "", **query: Any
) -> list[dict[str, Any]]:
    """Read pages in one direction, until there is none."""
    pages = [await read_page(client, path, cursor=cursor, **query)]
    while pages[-1][towards] is not None:
        pages.append(await read_page(client, path, cursor=pages[-1][towards], **query))
    return pages


def ids_of(pages: Sequence[dict[str, Any]]) -> list[Any]:
    return [item["id"] for page in pages for item in page["items"]]


SORTS = [
    "",
    "-id",
    "position",
    "-position",
    "name,-position",
    "-name,position,-id",
    "position,-name",
    "-position,-name",
    "team_id,-name",
    "team.city",
    "-team.city,position",
    "position,-team.name",
    "team.name,-id",
]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 2, 4, 9])
async def test_walk(client: httpx2.AsyncClient, database: Database, sort: str, limit: int) -> None:
    """Pages together are the whole list, forward and backward, and end exactly at its ends."""
    await store_players(database)
    whole = await read_ids(client, f"/players/?sort={sort}")
    forward = await walk(client, "/players/", "next", sort=sort, limit=limit)
    assert ids_of(forward) == whole
    assert forward[0]["previous"] is None
    assert all(len(page["items"]) == limit for page in forward[:-1])
    if len(forward) > 1:
        assert all(page["previous"] for page in forward[1:])
        cursor = forward[-1]["previous"]
        backward = await walk(client, "/players/", "previous", cursor, sort=sort, limit=limit)
        assert all(page["next"] for page in backward)
        assert ids_of(backward[::-1]) == whole[: len(whole) - len(forward[-1]["items"])]


@pytest.mark.parametrize(
    ("column", "low", "high", "_low", "_high"), KINDS, ids=[k[0] for k in KINDS]
)
@pytest.mark.parametrize("sign", ["", "-"])
async def test_every_kind(
    make_client: MakeClient,
    database: Database,
    column: str,
    low: object,
    high: object,
    _low: str,
    _high: str,
    sign: str,
) -> None:
    """A cursor holds a value of any kind without loss, and NULL."""
    client = await make_client(Resource(Thing))
    await store_things(database, column, low, high)
    sort = sign + column
    whole = [str(key) for key in await read_ids(client, f"/things/?sort={sort}")]
    pages = await walk(client, "/things/", "next", sort=sort, limit=1)
    assert ids_of(pages) == whole
    back = await walk(client, "/things/", "previous", pages[-1]["previous"], sort=sort, limit=1)
    assert ids_of(back) == whole[1::-1]


async def test_infinity(make_client: MakeClient, database: Database) -> None:
    """A cursor holds infinite numbers, which a database may have from elsewhere."""
    client = await make_client(Resource(Thing))
    numbers = [float("-inf"), 1e308, float("inf")]
    await store(database, *[Thing(ratio=number, tags=[]) for number in numbers])
    pages = await walk(client, "/things/", "next", sort="-ratio", limit=1)
    assert [page["items"][0]["ratio"] for page in pages][1] == 1e308
    assert len(pages) == 3


async def test_composite_key(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Rows with keys of several columns are walked by all of them."""
    await store(database, *[Country(code=c, name="x") for c in ("no", "se")])
    cities = [("no", "b"), ("se", "a"), ("no", "a"), ("se", "c")]
    await store(database, *[City(country_code=c, name=n, population=1) for c, n in cities])
    pages = await walk(zoo_client, "/cities/", "next", sort="-population", limit=1)
    assert [(p["items"][0]["country_code"], p["items"][0]["name"]) for p in pages] == sorted(cities)


async def test_rest_of_the_query_may_change(client: httpx2.AsyncClient, database: Database) -> None:
    """Between pages, `limit`, `fields` and `include` may change, and parameters their order."""
    await store_players(database)
    first = await read_page(client, "/players/", cursor="", limit=2, sort="name", id__gt=1)
    query = {"id__gt": 1, "sort": "name", "limit": 9, "fields": "id", "include": "team"}
    second = await read_page(client, "/players/", cursor=first["next"], **query)
    assert ids_of([first, second]) == await read_ids(client, "/players/?sort=name&id__gt=1")
    assert sorted(second["items"][0]) == ["id", "team"]


async def test_filters_hold_on_each_page(client: httpx2.AsyncClient, database: Database) -> None:
    """Filters, search and logic hold for every page."""
    await store_players(database)
    query = {"team.name": "Blue", "q": "p", "or": "(id__lt:5,position__isnull:true)"}
    pages = await walk(client, "/players/", "next", sort="-position", limit=1, **query)
    answer = await client.get("/players/", params={**query, "sort": "-position"})
    assert ids_of(pages) == [item["id"] for item in answer.json()["items"]]
    assert len(pages) > 1


@pytest.mark.parametrize("sort", ["position", "-position", "name,-id"])
async def test_rows_that_come_and_go(
    client: httpx2.AsyncClient, database: Database, sort: str
) -> None:
    """A row that stays is seen exactly once, though the row of the cursor is deleted meanwhile."""
    await store_players(database)
    whole = await read_ids(client, f"/players/?sort={sort}")
    page = await read_page(client, "/players/", cursor="", sort=sort, limit=2)
    seen, gone = ids_of([page]), []
    while page["next"] is not None:
        gone.append(seen[-1])
        await client.delete(f"/players/{seen[-1]}")
        new = Player(id=100 + len(seen), name="p0", team_id=1, position="goal")
        await store(database, new)
        page = await read_page(client, "/players/", cursor=page["next"], sort=sort, limit=2)
        seen += ids_of([page])
        assert len(seen) < 99
    assert [key for key in seen if key in whole] == whole
    assert len(set(seen)) == len(seen)


async def test_page_that_became_empty(client: httpx2.AsyncClient, database: Database) -> None:
    """A page whose rows are all gone leads back to those that are left on the other side."""
    await store_players(database)
    first = await read_page(client, "/players/", cursor="", limit=4)
    for key in range(5, 10):
        await client.delete(f"/players/{key}")
    empty = await read_page(client, "/players/", cursor=first["next"], limit=4)
    assert (empty["items"], empty["next"]) == ([], None)
    back = await read_page(client, "/players/", cursor=empty["previous"], limit=4)
    assert ids_of([back]) == [1, 2, 3, 4]
    assert (back["next"], back["previous"]) == (None, None)


async def test_page_before_that_became_empty(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """The same at the start of the list: an empty previous page leads forward again."""
    await store_players(database)
    first = await read_page(client, "/players/", cursor="", limit=2)
    second = await read_page(client, "/players/", cursor=first["next"], limit=2)
    for key in (1, 2):
        await client.delete(f"/players/{key}")
    empty = await read_page(client, "/players/", cursor=second["previous"], limit=2)
    assert (empty["items"], empty["previous"]) == ([], None)
    forward = await read_page(client, "/players/", cursor=empty["next"], limit=2)
    assert ids_of([forward]) == [3, 4]
    assert forward["previous"] is None


async def test_empty_list(client: httpx2.AsyncClient) -> None:
    """The first page of a list without rows leads nowhere."""
    page = await read_page(client, "/users/", cursor="")
    assert page == {"items": [], "limit": 10, "next": None, "previous": None}


async def test_one_statement_a_page(
    client: httpx2.AsyncClient, database: Database, statements: list[str]
) -> None:
    """A page takes one statement, and one for each include, in both directions and over NULLs."""
    await store_players(database)
    statements.clear()
    query: dict[str, Any] = {"sort": "-position,team.name", "limit": 2, "include": "team"}
    pages = await walk(client, "/players/", "next", **query)
    pages += await walk(client, "/players/", "previous", pages[-1]["previous"], **query)
    assert len(statements) == 2 * len(pages)


@pytest.mark.parametrize("name", ["skip", "count"])
async def test_parameters_that_a_cursor_rules_out(client: httpx2.AsyncClient, name: str) -> None:
    """`skip` and `count` mean nothing beside a cursor, so they are 422."""
    value = {"skip": "1", "count": "exact"}[name]
    answer = await client.get("/users/", params={"cursor": "", name: value})
    assert refused_parameters(answer) == [name]


async def read_cursor(client: httpx2.AsyncClient, database: Database) -> str:
    await store_players(database)
    page = await read_page(client, "/players/", cursor="", sort="-position,name", limit=2)
    return str(page["next"])


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"sort": "-position"},
        {"sort": "-position,-name"},
        {"sort": "-position,name", "id__gt": "0"},
        {"sort": "-position,name", "q": "p"},
        {"sort": "-position,name", "or": "(id:1)"},
    ],
)
async def test_cursor_of_another_query(
    client: httpx2.AsyncClient, database: Database, query: dict[str, str]
) -> None:
    """A cursor of another query is 422."""
    cursor = await read_cursor(client, database)
    answer = await client.get("/players/", params={**query, "cursor": cursor})
    assert refused_parameters(answer) == ["cursor"]


async def test_cursor_of_another_path(client: httpx2.AsyncClient, database: Database) -> None:
    """A cursor of another path is 422, and so is that of another row's children."""
    await store_players(database)
    cursors = [
        (await read_page(client, path, cursor="", limit=1))["next"]
        for path in ("/players/", "/teams/1/players/", "/teams/2/players/")
    ]
    for cursor in (cursors[0], cursors[2]):
        answer = await client.get("/teams/1/players/", params={"cursor": cursor})
        assert refused_parameters(answer) == ["cursor"]


async def test_damaged_cursor(client: httpx2.AsyncClient, database: Database) -> None:
    """A cursor that was cut, or had one character changed, is 422."""
    cursor = await read_cursor(client, database)
    damaged = [cursor[:length] for length in range(1, len(cursor))]
    for i in range(len(cursor)):
        damaged += [cursor[:i] + other + cursor[i + 1 :] for other in "AQgw_" if other != cursor[i]]
    damaged += [cursor + "A", cursor + "=", " " + cursor, cursor + "é", "null", "🙂"]
    for text in damaged:
        answer = await client.get("/players/", params={"cursor": text, "sort": "-position,name"})
        assert refused_parameters(answer) == ["cursor"], text


async def test_hidden_key(make_client: MakeClient, database: Database) -> None:
    """A resource whose key is hidden is walked like any other: a cursor shows nothing of it."""
    client = await make_client(Resource(Person, hidden=["id"]))
    await store(database, *[Person(id=i, first_name=f"p{i}", last_name="x") for i in range(1, 6)])
    pages = await walk(client, "/people/", "next", limit=2)
    names = [item["first_name"] for page in pages for item in page["items"]]
    assert names == ["p1", "p2", "p3", "p4", "p5"]


async def test_stream_through_a_relation(client: httpx2.AsyncClient, database: Database) -> None:
    """A stream of more rows than one batch is in the order of another table's column."""
    await store(database, Team(id=1, name="Red"), Team(id=2, name="Blue"))
    rows = [{"id": i, "name": "x", "team_id": 1 + i % 2} for i in range(1, 4500)]
    await store_many(database, Player, rows)
    answer = await client.get("/players/stream/?sort=team.name,-id&fields=id")
    found = [row["id"] for row in answer.json()]
    assert found == [*range(4499, 0, -2), *range(4498, 0, -2)]
