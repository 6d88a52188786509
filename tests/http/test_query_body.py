"""A query as a JSON body: `POST /users/query`."""

import json
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from modelwire import Database
from tests.http.problems import read_problem
from tests.http.rows import refused_parameters, store, store_users
from tests.zoo import Thing


def to_text(value: Any) -> str:
    """A value of a body as it stands in a URL."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"limit": 2},
        {"limit": "2", "skip": 1},
        {"id__in": [1, 3]},
        {"id__in": "1,3"},
        {"id__gte": 2, "is_active": True, "sort": "-username"},
        {"full_name__isnull": False},
        {"or": "(id:1,not(full_name__isnull:true))", "q": "a"},
        {"fields": "id,username", "count": "none"},
        {"cursor": "", "limit": 1},
        {"sort": ["-id"]},
    ],
)
async def test_same_as_in_the_url(
    client: httpx2.AsyncClient, database: Database, body: dict[str, Any]
) -> None:
    """A body of parameters is answered as the same parameters in a URL are."""
    await store_users(database, ann="Ann", bob=None, cat="C,at")
    expected = await client.get("/users/", params={n: to_text(v) for n, v in body.items()})
    for path in ("/users/query", "/users/query/"):
        answer = await client.post(path, json=body)
        assert (answer.status_code, answer.text) == (200, expected.text)
        assert "link" not in answer.headers


async def test_elements_are_taken_whole(client: httpx2.AsyncClient, database: Database) -> None:
    """An element of an array may have commas in it, even if it is the only one."""
    await store_users(database, ann="a,b", bob="a", cat="b")
    found = await client.post("/users/query", json={"full_name__in": ["a,b"]})
    assert [item["id"] for item in found.json()["items"]] == [1]


async def test_numbers_are_taken_as_written(
    zoo_client: httpx2.AsyncClient, database: Database
) -> None:
    """A number stands for its text, to the last digit."""
    await store(
        database, Thing(big=2**63 - 1, tags=[]), Thing(amount=Decimal("12345678.1234567"), tags=[])
    )
    for body in ('{"big": 9223372036854775807}', '{"amount": 12345678.1234567}'):
        headers = {"content-type": "application/json"}
        answer = await zoo_client.post("/things/query", content=body, headers=headers)
        assert answer.json()["total"] == 1, answer.text


async def test_long_query(client: httpx2.AsyncClient, database: Database) -> None:
    """A body may be longer than a URL; the limits of single values stay."""
    await store_users(database, ann=None)
    body = {"id__in": list(range(200)), "username__in": ["x" * 2000] * 199 + ["ann"]}
    assert (await client.post("/users/query", json=body)).json()["total"] == 1
    answer = await client.post("/users/query", json={"id__in": list(range(201))})
    assert refused_parameters(answer) == ["id__in"]


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"id": None}, "id"),
        ({"id": {"gt": 1}}, "id"),
        ({"id__in": []}, "id__in"),
        ({"id__in": [1, None]}, "id__in"),
        ({"id__in": [[1]]}, "id__in"),
        ({"id": [1, 2]}, "id"),
        ({"id": "x"}, "id"),
        ({"id": 1.5}, "id"),
        ({"id": True}, "id"),
        ({"limit": 0}, "limit"),
        ({"nope": 1}, "nope"),
        ({"username": "a\0"}, "username"),
        ({"username": "\ud800"}, "username"),
        ({"cursor": "x"}, "cursor"),
    ],
)
async def test_bad_parameter(
    client: httpx2.AsyncClient, body: dict[str, Any], parameter: str
) -> None:
    """A parameter that is null, an object, or not valid is 422."""
    headers, content = {"content-type": "application/json"}, json.dumps(body)
    answer = await client.post("/users/query", content=content, headers=headers)
    assert refused_parameters(answer) == [parameter]


@pytest.mark.parametrize(
    "content", ["", "[]", "5", "null", "{", '{"id": 1, "id": 2}', '{"id": NaN}']
)
async def test_bad_body(client: httpx2.AsyncClient, content: str) -> None:
    """A body that is no object is 422."""
    headers = {"content-type": "application/json"}
    read_problem(
        await client.post("/users/query", content=content, headers=headers), 422, "invalid"
    )


async def test_query_string_beside_a_body(client: httpx2.AsyncClient) -> None:
    """Parameters stand in the body alone."""
    assert refused_parameters(await client.post("/users/query?limit=1", json={})) == ["limit"]
    read_problem(await client.post("/users/query", content="{}"), 415, "unsupported_media_type")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_query_is_no_key(client: httpx2.AsyncClient, method: str) -> None:
    """`/users/query` is no user."""
    answer = await client.request(method, "/users/query", json={})
    read_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


async def test_cursor_goes_between_both(client: httpx2.AsyncClient, database: Database) -> None:
    """A cursor of a body's page goes on in a URL with the same parameters."""
    await store_users(database, ann=None, bob=None)
    first = (await client.post("/users/query", json={"cursor": "", "limit": 1, "id__gt": 0})).json()
    second = await client.get("/users/", params={"cursor": first["next"], "id__gt": "0"})
    assert [item["id"] for item in second.json()["items"]] == [2]
