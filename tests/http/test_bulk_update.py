"""Changing many rows at once, each by its key."""

import httpx2
import pytest

from examples.league import Team, User
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import faults_of, read_problem
from tests.http.rows import store, store_users
from tests.zoo import City, Country, Group, Membership, Person, Thing


async def names_of(client: httpx2.AsyncClient) -> list[str | None]:
    """The full names of all users, in the order of their keys."""
    rows = (await client.get("/users/?limit=100")).json()["items"]
    return [row["full_name"] for row in rows]


@pytest.mark.parametrize("wrap", [False, True], ids=["array", "object"])
async def test_rows_in_order(client: httpx2.AsyncClient, database: Database, wrap: bool) -> None:
    """Each row is changed by its own patch, and answered in the order sent."""
    await store_users(database, ann="Ann", bob="Bob", cat="Cat")
    rows = [{"id": 3, "full_name": "C"}, {"id": 1, "full_name": None}, {"id": 2, "email": "b@b"}]
    answer = await client.patch("/users/bulk/", json={"users": rows} if wrap else rows)
    assert answer.status_code == 200, answer.text
    assert [row["id"] for row in answer.json()] == [3, 1, 2]
    assert await names_of(client) == [None, "Bob", "C"]
    assert answer.json()[2] == (await client.get("/users/2")).json()


async def test_patch_without_fields(client: httpx2.AsyncClient, database: Database) -> None:
    """A row that sets nothing is answered as it is."""
    await store_users(database, ann="Ann", bob="Bob")
    answer = await client.patch("/users/bulk/", json=[{"id": 2}, {"id": 1, "full_name": "A"}])
    assert answer.status_code == 200
    assert [row["full_name"] for row in answer.json()] == ["Bob", "A"]


async def test_nothing(client: httpx2.AsyncClient) -> None:
    """An empty array changes nothing."""
    answer = await client.patch("/users/bulk/", json=[])
    assert (answer.status_code, answer.json()) == (200, [])


async def test_missing_row(client: httpx2.AsyncClient, database: Database) -> None:
    """A row that is not there is 404 with its pointer, and no other row is changed."""
    await store_users(database, ann="Ann")
    rows = [{"id": 1, "full_name": "A"}, {"id": 9, "full_name": "B"}]
    problem = read_problem(await client.patch("/users/bulk/", json=rows), 404, "not_found")
    assert problem["detail"] == "User not found"
    assert faults_of(problem) == [("/1", "not_found")]
    assert await names_of(client) == ["Ann"]


async def test_taken_value(client: httpx2.AsyncClient, database: Database) -> None:
    """A row whose new value is taken is named, and no row is changed."""
    await store_users(database, ann="Ann", bob="Bob", cat="Cat")
    rows = [
        {"id": 1, "full_name": "A", "username": "x"},
        {"id": 2, "full_name": "", "username": "cat"},
    ]
    answer = await client.patch("/users/bulk/", json={"users": rows})
    problem = read_problem(answer, 400, "already_exists")
    assert faults_of(problem) == [("/users/1/username", "already_exists")]
    assert await names_of(client) == ["Ann", "Bob", "Cat"]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"full_name": "A"}, ("/1/id", "missing")),
        ({"id": "x"}, ("/1/id", "invalid_key")),
        ({"id": None}, ("/1/id", "invalid_key")),
        ({"id": 2**63}, ("/1/id", "invalid_key")),
        ({"id": 1}, ("/1", "duplicate_key")),
        ({"id": 2, "nope": 1}, ("/1/nope", "unknown_field")),
        ({"id": 2, "is_active": "?"}, ("/1/is_active", "bool_parsing")),
        ([], ("/1", "model_type")),
    ],
    ids=["no key", "bad key", "null key", "huge key", "twice", "unknown", "type", "array"],
)
async def test_bad_row(
    client: httpx2.AsyncClient, database: Database, row: object, fault: tuple[str, str]
) -> None:
    """A wrong row is named by its pointer, and no row is changed."""
    await store_users(database, ann="Ann", bob="Bob")
    answer = await client.patch("/users/bulk/", json=[{"id": 1, "full_name": "A"}, row])
    assert faults_of(read_problem(answer, 422, "invalid")) == [fault]
    assert await names_of(client) == ["Ann", "Bob"]


async def test_null_where_a_value_must_be(client: httpx2.AsyncClient, database: Database) -> None:
    """Null for a field that must have a value is `not_null`, by the row's pointer."""
    await store_users(database, ann="Ann")
    answer = await client.patch("/users/bulk/", json=[{"id": 1, "username": None}])
    assert faults_of(read_problem(answer, 422, "not_null")) == [("/0/username", "not_null")]


async def test_too_many(make_client: MakeClient) -> None:
    """More rows than the resource takes are 413."""
    client = await make_client(Resource(User, max_bulk_rows=2))
    answer = await client.patch("/users/bulk/", json=[{"id": i} for i in range(3)])
    read_problem(answer, 413, "too_large")


async def test_composite_key(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A composite key stands in a row as its fields, which the change leaves alone."""
    await store(database, Country(code="no", name="Norway"))
    await store(database, *(City(country_code="no", name=name) for name in ("Oslo", "Bergen")))
    rows = [
        {"country_code": "no", "name": "Oslo", "population": 7},
        {"country_code": "no", "name": "Bergen", "population": 3},
    ]
    answer = await zoo_client.patch("/cities/bulk/", json=rows)
    assert answer.status_code == 200, answer.text
    assert [row["population"] for row in answer.json()] == [7, 3]


async def test_patches_of_json(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """An object in a JSON column is a patch of what that row has."""
    first, second = Thing(tags=[], data={"a": 1, "b": 2}), Thing(tags=[], data={"a": 5})
    keys = [str(first.id), str(second.id)]
    await store(database, first, second)
    rows = [{"id": keys[0], "data": {"a": None}}, {"id": keys[1], "data": {"c": 3}}]
    answer = await zoo_client.patch("/things/bulk/", json=rows)
    assert [row["data"] for row in answer.json()] == [{"b": 2}, {"a": 5, "c": 3}]


async def test_every_type(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Values of every type are written to many rows as they are to one."""
    things = [Thing(tags=["x"]) for _ in range(3)]
    keys = [str(thing.id) for thing in things]
    await store(database, *things)
    values = {
        "text": "é",
        "short": "abc",
        "small": -1,
        "big": 2**62,
        "ratio": 0.1,
        "price": "1.10",
        "flag": True,
        "day": "2026-02-28",
        "moment": "2026-02-28T12:00:00Z",
        "local": "2026-02-28T12:00:00",
        "clock": "12:30:00",
        "span": "PT1H",
        "color": "green",
        "reference": keys[0],
        "data": {"a": [1, None, {"b": "é"}]},
        "tags": ["y", "z"],
    }
    bulk = await zoo_client.patch("/things/bulk/", json=[{"id": key, **values} for key in keys[:2]])
    alone = await zoo_client.patch(f"/things/{keys[2]}", json=values)
    assert bulk.status_code == alone.status_code == 200, bulk.text
    shown = [{**row, "id": None} for row in (*bulk.json(), alone.json())]
    assert shown[0] == shown[1] == shown[2]
    assert (await zoo_client.get(f"/things/{keys[1]}")).json() == bulk.json()[1]


async def test_links_of_many_rows(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Each row's links are replaced by those that it names; rows that name none keep theirs."""
    people = [Person(first_name=name, last_name="x") for name in ("a", "b")]
    await store(database, *people, *(Group(name=name) for name in ("g", "h", "i")))
    await store(database, *(Membership(group_id=group, person_id=1) for group in (1, 2, 3)))
    rows = [{"id": 1, "members": [2]}, {"id": 2, "members": []}, {"id": 3, "name": "j"}]
    answer = await zoo_client.patch("/groups/bulk/?include=members", json=rows)
    assert answer.status_code == 200, answer.text
    shown = [[person["id"] for person in row["members"]] for row in answer.json()]
    assert shown == [[2], [], [1]]


async def test_statements(
    client: httpx2.AsyncClient, database: Database, statements: list[str]
) -> None:
    """However many rows there are, they are locked by one statement and changed by one."""
    await store_users(database, **{f"u{i}": "x" for i in range(20)})
    statements.clear()
    rows = [{"id": i, "full_name": f"n{i}"} for i in range(1, 21)]
    answer = await client.patch("/users/bulk/", json=rows)
    assert answer.status_code == 200
    assert [text.split()[0] for text in statements] == ["SELECT", "UPDATE"]


async def test_minimal(client: httpx2.AsyncClient, database: Database) -> None:
    """`Prefer: return=minimal` leaves the rows out."""
    await store_users(database, ann="Ann")
    headers = {"prefer": "return=minimal"}
    answer = await client.patch("/users/bulk/", json=[{"id": 1, "full_name": "A"}], headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["preference-applied"] == "return=minimal"
    assert await names_of(client) == ["A"]


@pytest.mark.parametrize("key", [2, "2", 2.0, "2.0"])
async def test_spellings_of_an_integer_key(
    client: httpx2.AsyncClient, database: Database, key: object
) -> None:
    """A key may be written as any other integer in a body."""
    await store(database, Team(id=2, name="Red"))
    answer = await client.patch("/teams/bulk/", json=[{"id": key, "city": "Oslo"}])
    assert answer.status_code == 200, answer.text
    assert [row["city"] for row in answer.json()] == ["Oslo"]
    answer = await client.post("/players/", json={"name": "Ann", "team_id": key})
    assert answer.json()["team_id"] == 2
    await client.delete("/players/1")
    answer = await client.request("DELETE", "/teams/bulk/", json=[key])
    assert answer.status_code == 204


@pytest.mark.parametrize("key", [2.5, "2.50", "2.", ".0", 1e300, True, None, [2]])
async def test_no_integer_key(client: httpx2.AsyncClient, database: Database, key: object) -> None:
    """A key that is no integer is refused."""
    await store(database, Team(id=2, name="Red"), Team(id=1, name="Blue"))
    answer = await client.patch("/teams/bulk/", json=[{"id": key, "city": "Oslo"}])
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/0/id", "invalid_key")]
