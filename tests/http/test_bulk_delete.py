"""Deleting many rows at once, by their keys."""

from typing import Any

import httpx2
import pytest

from examples.league import Player, Team
from modelwire import Database, Resource
from tests.conftest import MakeClient
from tests.http.problems import count_rows, faults_of, read_problem
from tests.http.rows import store, store_users
from tests.zoo import Author, Book, Category, Chapter, City, Country


async def delete(client: httpx2.AsyncClient, path: str, body: Any) -> httpx2.Response:
    answer: httpx2.Response = await client.request("DELETE", path, json=body)
    return answer


@pytest.mark.parametrize("body", [[3, 1], {"users": [1, "3"]}], ids=["array", "object"])
async def test_rows_are_gone(client: httpx2.AsyncClient, database: Database, body: Any) -> None:
    """The rows with the keys are gone, and no others."""
    await store_users(database, ann=None, bob=None, cat=None)
    answer = await delete(client, "/users/bulk/", body)
    assert (answer.status_code, answer.content) == (204, b"")
    rows = (await client.get("/users/")).json()["items"]
    assert [row["username"] for row in rows] == ["bob"]


async def test_missing_row(client: httpx2.AsyncClient, database: Database) -> None:
    """A row that is not there is 404 with its pointer, and every row stays."""
    await store_users(database, ann=None)
    problem = read_problem(await delete(client, "/users/bulk/", [1, 9]), 404, "not_found")
    assert faults_of(problem) == [("/1", "not_found")]
    assert await count_rows(client, "/users/") == 1


async def test_referenced_row(client: httpx2.AsyncClient, database: Database) -> None:
    """A row that others refer to is 409 with its pointer, and every row stays."""
    await store(database, Team(name="Red"), Team(name="Blue"))
    await store(database, Player(name="Ann", team_id=2))
    answer = await delete(client, "/teams/bulk/", {"teams": [1, 2]})
    problem = read_problem(answer, 409, "still_referenced")
    assert problem["detail"] == "Team is still referenced by players"
    assert faults_of(problem) == [("/teams/1", "still_referenced")]
    assert await count_rows(client, "/teams/") == 2


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ([1, "x"], ("/1", "invalid_key")),
        ([1, None], ("/1", "invalid_key")),
        ([1, {"id": 2}], ("/1", "invalid_key")),
        ([1, 1.5], ("/1", "invalid_key")),
        ([1, True], ("/1", "invalid_key")),
        ([1, 1], ("/1", "duplicate_key")),
    ],
    ids=["text", "null", "object", "fraction", "boolean", "twice"],
)
async def test_bad_key(
    client: httpx2.AsyncClient, database: Database, keys: list[Any], fault: tuple[str, str]
) -> None:
    """A malformed or repeated key is 422 with its pointer, and every row stays."""
    await store_users(database, ann=None)
    problem = read_problem(await delete(client, "/users/bulk/", keys), 422, "invalid")
    assert faults_of(problem) == [fault]
    assert await count_rows(client, "/users/") == 1


async def test_composite_keys(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A composite key is the text that stands in a path."""
    await store(database, Country(code="a,b", name="x"))
    names = ("Oslo", "c/d", "e,f")
    await store(database, *(City(country_code="a,b", name=name) for name in names))
    answer = await delete(zoo_client, "/cities/bulk/", ["a%2Cb,Oslo", "a%2Cb,e%2Cf"])
    assert answer.status_code == 204, answer.text
    rows = (await zoo_client.get("/cities/")).json()["items"]
    assert [row["name"] for row in rows] == ["c/d"]
    problem = read_problem(await delete(zoo_client, "/cities/bulk/", ["x"]), 422, "invalid")
    assert faults_of(problem) == [("/0", "invalid_key")]


async def test_text_keys(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """A key of one text is taken as it is."""
    await store(database, Country(code="a,%2F", name="x"), Country(code="b", name="x"))
    assert (await delete(zoo_client, "/countries/bulk/", ["a,%2F"])).status_code == 204
    assert await count_rows(zoo_client, "/countries/") == 1


async def test_what_goes_with_them(zoo_client: httpx2.AsyncClient, database: Database) -> None:
    """Declared cascades apply to each of the rows."""
    await store(database, *(Author(name=name) for name in "abc"))
    await store(database, *(Book(title="t", author_id=i) for i in (1, 2, 3)))
    await store(database, *(Chapter(heading="h", book_id=i) for i in (1, 2, 3)))
    assert (await delete(zoo_client, "/authors/bulk/", [1, 3])).status_code == 204
    for path in ("/authors/", "/books/", "/chapters/"):
        assert await count_rows(zoo_client, path) == 1


async def test_rows_that_refer_to_each_other(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """A parent can be deleted together with its child, in either order."""
    await store(database, Category(name="root"))
    await store(database, Category(name="leaf", parent_id=1))
    assert (await delete(zoo_client, "/categories/bulk/", [1, 2])).status_code == 204
    assert await count_rows(zoo_client, "/categories/") == 0


@pytest.mark.parametrize(
    ("method", "noun"), [("DELETE", "keys"), ("PATCH", "rows"), ("POST", "rows")]
)
async def test_what_a_body_is_of(client: httpx2.AsyncClient, method: str, noun: str) -> None:
    """The refusal of a body of another form says what it should be an array of."""
    bodies: tuple[Any, ...] = (1, {"nope": []})
    for body in bodies:
        answer = await client.request(method, "/teams/bulk/", json=body)
        (error,) = read_problem(answer, 422, "invalid")["errors"]
        assert error["message"].startswith(f"should be an array of {noun}")


async def test_too_many(make_client: MakeClient) -> None:
    """More keys than the resource takes are 413."""
    client = await make_client(Resource(Team, max_bulk_rows=2))
    read_problem(await delete(client, "/teams/bulk/", [1, 2, 3]), 413, "too_large")


@pytest.mark.parametrize("key", ["\\ud800%,7", "%ff,7", "7,%\\udc00"])
async def test_key_that_is_no_text(zoo_client: httpx2.AsyncClient, key: str) -> None:
    """A composite key whose parts can't be decoded is 422."""
    answer = await zoo_client.request(
        "DELETE",
        "/memberships/bulk/",
        content=f'["{key}"]',
        headers={"content-type": "application/json"},
    )
    read_problem(answer, 422, "invalid")
