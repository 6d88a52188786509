"""Changing one row."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from examples.league import Player, Team, User
from modelwire import Database
from tests.http.problems import faults_of, read_problem
from tests.http.rows import store
from tests.zoo import City, Country, Group, OrderLine, Person, Thing

BOTH = pytest.mark.parametrize("method", ["PUT", "PATCH"])


async def store_ann(database: Database) -> None:
    await store(
        database,
        User(id=1, username="ann", email="ann@example.com", full_name="Ann", is_active=False),
    )


async def change(client: httpx2.AsyncClient, method: str, path: str, body: Any) -> httpx2.Response:
    answer: httpx2.Response = await client.request(method, path, json=body)
    return answer


@BOTH
async def test_only_given_fields_change(
    client: httpx2.AsyncClient, database: Database, method: str
) -> None:
    """A field that is absent is left alone, also where it has a default."""
    await store_ann(database)
    before = (await client.get("/users/1")).json()
    answer = await change(client, method, "/users/1", {"email": "new@example.com"})
    assert answer.status_code == 200
    assert answer.json() == {**before, "email": "new@example.com"}
    read = await client.get("/users/1")
    assert read.content == answer.content
    assert read.headers["etag"] == answer.headers["etag"]


async def test_put_leaves_null_alone(client: httpx2.AsyncClient, database: Database) -> None:
    """Null in a PUT leaves its field alone, whether the field may be null or not."""
    await store_ann(database)
    before = (await client.get("/users/1")).json()
    body = {"username": "joanna", "email": None, "full_name": None, "is_active": None}
    answer = await client.put("/users/1", json=body)
    assert answer.json() == {**before, "username": "joanna"}


async def test_patch_clears_with_null(client: httpx2.AsyncClient, database: Database) -> None:
    """Null in a PATCH clears a field that may be null."""
    await store_ann(database)
    answer = await client.patch("/users/1", json={"full_name": None})
    assert answer.json()["full_name"] is None
    assert (await client.get("/users/1")).json()["full_name"] is None


async def test_patch_refuses_null(client: httpx2.AsyncClient, database: Database) -> None:
    """Null in a PATCH for fields that must have a value is 422, names each, changes nothing."""
    await store_ann(database)
    before = (await client.get("/users/1")).json()
    body = {"full_name": None, "username": None, "is_active": None}
    document = read_problem(await client.patch("/users/1", json=body), 422, "not_null")
    assert faults_of(document) == [("/username", "not_null"), ("/is_active", "not_null")]
    assert "Username" in document["detail"]
    assert (await client.get("/users/1")).json() == before


async def test_null_in_a_json_column(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A JSON column that is cleared is NULL, not the JSON value null."""
    thing = Thing(data={"a": 1}, tags=[])
    await store(database, thing)
    answer = await zoo_client.patch(f"/things/{thing.id}", json={"data": None})
    assert answer.json()["data"] is None
    assert (await zoo_client.get("/things/?data__isnull=true")).json()["total"] == 1


@BOTH
async def test_empty_change(client: httpx2.AsyncClient, database: Database, method: str) -> None:
    """A body without fields changes nothing and is answered with the row."""
    await store_ann(database)
    before = await client.get("/users/1")
    answer = await change(client, method, "/users/1", {})
    assert (answer.status_code, answer.content) == (200, before.content)
    assert answer.headers["etag"] == before.headers["etag"]


@BOTH
@pytest.mark.parametrize("body", [{}, {"full_name": "Ann"}])
async def test_minimal_answer(
    client: httpx2.AsyncClient, database: Database, method: str, body: dict[str, str]
) -> None:
    """`Prefer: return=minimal` is 204 with the new tag and without a body."""
    await store_ann(database)
    headers = {"prefer": "return=minimal"}
    answer = await client.request(method, "/users/1", json=body, headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["etag"] == (await client.get("/users/1")).headers["etag"]


@BOTH
@pytest.mark.parametrize("body", [{}, {"full_name": "Ann"}, {"full_name": None}])
async def test_missing_row(client: httpx2.AsyncClient, method: str, body: dict[str, Any]) -> None:
    """A row that does not exist is 404, whatever is to be changed, and is not created."""
    document = read_problem(await change(client, method, "/users/1", body), 404, "not_found")
    assert document["detail"] == "User not found"
    assert (await client.get("/users/")).json()["total"] == 0


@BOTH
@pytest.mark.parametrize("field", ["nope", "id"])
async def test_field_that_can_not_be_set(
    client: httpx2.AsyncClient, database: Database, method: str, field: str
) -> None:
    """Unknown fields and keys that make themselves are 422, and nothing is changed."""
    await store_ann(database)
    answer = await change(client, method, "/users/1", {"username": "joanna", field: 5})
    assert faults_of(read_problem(answer, 422, "invalid")) == [(f"/{field}", "unknown_field")]
    assert (await client.get("/users/1")).json()["username"] == "ann"


@BOTH
async def test_column_that_fills_itself(
    zoo_client: httpx2.AsyncClient, database: Database, method: str
) -> None:
    """Computed columns can't be changed."""
    await store(database, OrderLine(id=1, sku="a"))
    answer = await change(zoo_client, method, "/order_lines/1", {"doubled": 1})
    assert faults_of(read_problem(answer, 422, "invalid")) == [("/doubled", "unknown_field")]


async def test_computed_column_follows(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """The answer to a change shows what the database has computed from it."""
    await store(database, OrderLine(id=1, sku="a"))
    answer = await zoo_client.patch("/order_lines/1", json={"quantity": 21})
    assert answer.json()["doubled"] == 42


@BOTH
async def test_duplicate(client: httpx2.AsyncClient, database: Database, method: str) -> None:
    """A unique value that another row has is refused; the row's own is not."""
    await store_ann(database)
    await store(database, User(id=2, username="bob", email="bob@example.com"))
    answer = await change(client, method, "/users/2", {"full_name": "Bob", "username": "ann"})
    document = read_problem(answer, 400, "already_exists")
    assert document["detail"] == "Username already exists"
    assert faults_of(document) == [("/username", "already_exists")]
    assert (await client.get("/users/2")).json()["full_name"] is None
    own = await change(client, method, "/users/2", {"username": "bob"})
    assert own.status_code == 200


@BOTH
async def test_missing_parent(client: httpx2.AsyncClient, database: Database, method: str) -> None:
    """A row that is moved to a parent that does not exist stays where it is."""
    await store(database, Team(id=1, name="Red"), Player(id=1, name="Ann", team_id=1))
    answer = await change(client, method, "/players/1", {"team_id": 2})
    document = read_problem(answer, 400, "parent_not_found")
    assert document["detail"] == "Team not found"
    assert faults_of(document) == [("/team_id", "parent_not_found")]
    assert (await client.get("/players/1")).json()["team_id"] == 1


@BOTH
async def test_natural_key_changes(
    zoo_client: httpx2.AsyncClient, database: Database, method: str
) -> None:
    """A key that the client names may be changed; the row is then found under the new one."""
    await store(database, Country(code="de", name="Germany"))
    answer = await change(zoo_client, method, "/countries/de", {"code": "d/e"})
    assert answer.json() == {"code": "d/e", "name": "Germany"}
    assert (await zoo_client.get("/countries/d%2Fe")).json() == answer.json()
    assert (await zoo_client.get("/countries/de")).status_code == 404


@BOTH
async def test_natural_key_that_is_referenced(
    zoo_client: httpx2.AsyncClient, database: Database, method: str
) -> None:
    """A key that other rows refer to can't be changed."""
    await store(database, Country(code="de", name="Germany"))
    await store(database, City(country_code="de", name="Berlin"))
    answer = await change(zoo_client, method, "/countries/de", {"code": "fr"})
    document = read_problem(answer, 409, "still_referenced")
    assert document["detail"] == "Country is still referenced by cities"
    assert (await zoo_client.get("/countries/de")).status_code == 200
    assert (await zoo_client.get("/cities/de,Berlin")).status_code == 200


async def test_natural_key_that_is_taken(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """A key can't be changed to that of another row."""
    await store(database, Country(code="de", name="x"), Country(code="fr", name="y"))
    answer = await zoo_client.patch("/countries/de", json={"code": "fr"})
    document = read_problem(answer, 400, "already_exists")
    assert document["detail"] == "Code already exists"


async def test_part_of_a_composite_key(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """One part of a composite key may change; the parent that it names must exist."""
    await store(database, Country(code="de", name="x"))
    await store(database, City(country_code="de", name="Berlin"))
    moved = await zoo_client.patch("/cities/de,Berlin", json={"country_code": "fr"})
    assert read_problem(moved, 400, "parent_not_found")["detail"] == "Country not found"
    renamed = await zoo_client.patch("/cities/de,Berlin", json={"name": "Bonn"})
    assert renamed.status_code == 200
    assert (await zoo_client.get("/cities/de,Bonn")).json()["country_code"] == "de"


@BOTH
async def test_value_of_a_wrong_type(
    client: httpx2.AsyncClient, database: Database, method: str
) -> None:
    """The model's types and limits hold for changes too."""
    await store_ann(database)
    body = {"username": "", "is_active": "maybe", "full_name": "x" * 201}
    document = read_problem(await change(client, method, "/users/1", body), 422, "invalid")
    assert {pointer for pointer, _ in faults_of(document)} == {f"/{field}" for field in body}


@BOTH
@pytest.mark.parametrize("body", [None, [], "x", 5, [{"full_name": "Ann"}]])
async def test_body_that_is_no_object(
    client: httpx2.AsyncClient, database: Database, method: str, body: object
) -> None:
    """A change that is no JSON object is 422."""
    await store_ann(database)
    headers = {"content-type": "application/json"}
    content = json.dumps(body)
    answer = await client.request(method, "/users/1", content=content, headers=headers)
    read_problem(answer, 422, "invalid")


async def test_merge_patch_media_type(client: httpx2.AsyncClient, database: Database) -> None:
    """A PATCH may be sent under the media type of RFC 7396."""
    await store_ann(database)
    headers = {"content-type": "application/merge-patch+json"}
    answer = await client.patch("/users/1", content=b'{"full_name": null}', headers=headers)
    assert answer.json()["full_name"] is None


async def test_included_relation(client: httpx2.AsyncClient, database: Database) -> None:
    """The answer to a change shows own columns unless a relation is asked for."""
    await store(database, Team(id=1, name="Red"), Player(id=1, name="Ann", team_id=1))
    plain = await client.patch("/teams/1", json={"city": "Rome"})
    assert plain.json() == {"id": 1, "name": "Red", "city": "Rome"}
    full = await client.patch("/teams/1?include=players", json={"city": "Bonn"})
    assert [player["name"] for player in full.json()["players"]] == ["Ann"]


async def test_hidden_field(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A secret is changed but not shown."""
    await store(database, Person(id=1, first_name="A", last_name="B", password_hash="x"))
    answer = await zoo_client.patch("/people/1", json={"password_hash": "y"})
    assert answer.json() == {"id": 1, "first_name": "A", "last_name": "B"}
    async with database.session() as session:
        assert (await session.get_one(Person, 1)).password_hash == "y"


async def test_other_rows_stay(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A change is made to one row only."""
    await store(database, Group(id=1, name="red"), Group(id=2, name="blue"))
    await zoo_client.patch("/groups/1", json={"name": "green"})
    items = (await zoo_client.get("/groups/?sort=id")).json()["items"]
    assert [item["name"] for item in items] == ["green", "blue"]


async def test_patch_merges_into_a_json_column(zoo_client: httpx2.AsyncClient) -> None:
    """An object in a patch is merged into the object of a JSON column; null removes a member."""
    data = {"a": 1, "b": {"c": 2, "d": 3}, "e": [1, 2]}
    path = (await zoo_client.post("/things/", json={"data": data})).headers["location"]
    patch = {"data": {"a": None, "b": {"c": None, "x": {"y": None}}, "e": [3]}}
    patched = await zoo_client.patch(path, json=patch)
    assert patched.json()["data"] == {"b": {"d": 3, "x": {}}, "e": [3]}
    assert (await zoo_client.get(path)).json() == patched.json()


async def test_put_replaces_a_json_column(zoo_client: httpx2.AsyncClient) -> None:
    """An object in a PUT replaces the object of a JSON column."""
    path = (await zoo_client.post("/things/", json={"data": {"a": 1}})).headers["location"]
    put = await zoo_client.put(path, json={"data": {"b": None}})
    assert put.json()["data"] == {"b": None}


async def test_patches_of_one_json_column_do_not_lose_each_other(
    zoo_client: httpx2.AsyncClient, lane: str
) -> None:
    """Concurrent patches of different members of one JSON column are all kept."""
    path = (await zoo_client.post("/things/", json={"data": {}})).headers["location"]
    names = [f"n{number}" for number in range(10)]
    answers = await asyncio.gather(
        *(zoo_client.patch(path, json={"data": {name: 1}}) for name in names)
    )
    assert {answer.status_code for answer in answers} == {200}
    assert set((await zoo_client.get(path)).json()["data"]) == set(names)
