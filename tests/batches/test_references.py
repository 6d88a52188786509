"""Values of earlier answers, in bodies and in paths; and what is no reference."""

import json
from typing import Any

import httpx2
import pytest

from modelwire import Resource
from tests import zoo
from tests.conftest import MakeClient
from tests.http.problems import count_rows, faults_of, read_problem

from .sending import JSON, ref, request, send, succeed

RED = request("POST", "/teams/", {"name": "Red"})


@pytest.mark.parametrize(
    ("first", "text"),
    [
        (RED, "0.id"),
        (request("POST", "/teams/bulk/", [{"name": "Red"}]), "0.0.id"),
        (request("GET", "/teams/?name=Blue"), "0.items.0.id"),
        (request("PATCH", "/teams/1", {}), "0.id"),
        (request("GET", "/players/1?include=team"), "0.team.id"),
    ],
)
async def test_from_every_answer(client: httpx2.AsyncClient, first: JSON, text: str) -> None:
    await client.post("/teams/", json={"name": "Blue"})
    await client.post("/players/", json={"name": "Bo", "team_id": 1})
    made, read = (await succeed(
        client,
        first,
        request("POST", "/players/", {"name": "Ann", "team_id": ref(text)}),
        request("GET", f"/teams/{{{text}}}?fields=id"),
    ))[1:]  # fmt: skip
    assert made["body"]["team_id"] == read["body"]["id"]
    assert read["body"]["id"] == (2 if first["method"] == "POST" else 1)


async def test_in_every_place(client: httpx2.AsyncClient) -> None:
    """In a body as deep as it is, in a key, below a row, in a query, in a whole value."""
    *_, below, listed, bulk = await succeed(
        client,
        RED,
        request("POST", "/teams/{0.id}/players/", {"name": ref("0.name")}),
        request("GET", "/players/?team_id={0.id}&name={1.name}"),
        request("PATCH", "/players/bulk/", {"players": [{"id": ref("1.id"), "name": "Bo"}]}),
    )
    assert below["body"] == {"id": 1, "name": "Red", "position": None, "team_id": 1}
    assert listed["body"]["total"] == 1
    assert bulk["body"][0]["name"] == "Bo"


async def test_values_come_as_they_are(make_client: MakeClient) -> None:
    """Objects, arrays, null and numbers to the last digit."""
    client = await make_client(Resource(zoo.Thing))
    values: list[Any] = [{"a": [1, {"b": None}]}, [1.5, "x"], 'é"\\', 2**53 + 1, 1e300, True]
    for value in values:
        made, copied = await succeed(
            client,
            request("POST", "/things/", {"data": {"a.b": 1, "v": value}}),
            request("POST", "/things/", {"data": {"w": [ref("0.data.v")]}}),
        )
        assert made["body"]["data"]["v"] == value
        assert copied["body"]["data"] == {"w": [value]}


@pytest.mark.parametrize(
    "name", ["a/b", "bulk", "é f", "a,b", "%2F", "..", "q?x#y", "{0.id}", "&=+"]
)
async def test_keys_of_any_text(make_client: MakeClient, name: str) -> None:
    """A value in a path is encoded, and leads to no other route."""
    client = await make_client(Resource(zoo.Country))
    made, read, listed = await succeed(
        client,
        request("POST", "/countries/", {"code": name, "name": "x"}),
        request("GET", "/countries/{0.code}"),
        request("GET", "/countries/?code={0.code}"),
    )
    assert read["body"] == made["body"]
    assert listed["body"]["items"] == [made["body"]]
    assert made["headers"]["Location"] == str(httpx2.URL(made["headers"]["Location"]))


async def test_empty_key(make_client: MakeClient) -> None:
    """An empty text would make the path of a list of that of a row."""
    client = await make_client(Resource(zoo.Country))
    answer = await send(
        client,
        request("POST", "/countries/", {"code": "x", "name": ""}),
        request("DELETE", "/countries/{0.name}?code=x", Prefer="max-affected=9"),
    )
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [("/requests/1/path", "invalid_reference")]
    assert await count_rows(client, "/countries/") == 0


@pytest.mark.parametrize(
    "value",
    [
        {"$ref": "0"},
        {"$ref": "0."},
        {"$ref": ".id"},
        {"$ref": "id"},
        {"$ref": "00.id"},
        {"$ref": "-1.id"},
        {"$ref": "0..id"},
        {"$ref": " 0.id"},
        {"$ref": ""},
        {"$ref": 0},
        {"$ref": None},
        {"$ref": ["0.id"]},
        {"$ref": {"$ref": "0.id"}},
        {"$ref": "0.id", "also": 1},
        {"$ref": "1.id"},
        {"$ref": "2.id"},
        {"$ref": "999999999999999999999.id"},
        {"$ref": "#/components/schemas/User"},
    ],
)
@pytest.mark.parametrize("spelt", ["$ref", "\\u0024ref", "$r\\u0065f"])
async def test_what_is_none(client: httpx2.AsyncClient, value: JSON, spelt: str) -> None:
    """It is refused with its place before anything is done, however its name is spelt."""
    body = {"name": "Ann", "team_id": value}
    text = json.dumps({"requests": [RED, request("POST", "/players/", body)]})
    answer = await client.post(
        "/batch",
        content=text.replace("$ref", spelt).encode(),
        headers={"content-type": "application/json"},
    )
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [("/requests/1/body/team_id", "invalid_reference")]


@pytest.mark.parametrize("text", ["0.nope", "0.id.x", "0.name.0", "0.1", "0.ID"])
async def test_to_nothing(client: httpx2.AsyncClient, text: str) -> None:
    """One that leads to nothing is refused with its place, and what came before is undone."""
    body = {"name": "Ann", "team_id": ref(text)}
    answer = await send(client, RED, request("POST", "/players/bulk/", [body]))
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [("/requests/1/body/0/team_id", "invalid_reference")]
    answer = await send(client, RED, request("GET", f"/teams/{{{text}}}"))
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [("/requests/1/path", "invalid_reference")]
    assert await count_rows(client, "/teams/") == 0


async def test_to_an_answer_without_a_body(client: httpx2.AsyncClient) -> None:
    answer = await send(client, RED, request("DELETE", "/teams/1"), request("GET", "/teams/{1.id}"))
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [("/requests/2/path", "invalid_reference")]


@pytest.mark.parametrize("text", ["0.city", "0.players", "0"])
async def test_what_stands_in_no_path(client: httpx2.AsyncClient, text: str) -> None:
    answer = await send(
        client,
        request("POST", "/teams/?include=players", {"name": "Red"}),
        request("GET", f"/teams/{{{text}}}"),
    )
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [("/requests/1/path", "invalid_reference")]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/teams/{1.id}", "invalid_reference"),
        ("/teams/{}", "invalid_reference"),
        ("/teams/{0.id", "invalid_path"),
        ("/teams/0.id}", "invalid_path"),
        ("/teams/{{0.id}}", "invalid_path"),
        ("/teams/{0.a/b}", "invalid_path"),
        ("teams/", "invalid_path"),
        ("", "invalid_path"),
        ("/teams/ 1", "invalid_path"),
        ("/teams/é", "invalid_path"),
        ("/teams/\n", "invalid_path"),
        ("/teams/#x", "invalid_path"),
        ("http://test/teams/", "invalid_path"),
        (1, "invalid_path"),
        (None, "invalid_path"),
    ],
)
async def test_what_is_no_path(client: httpx2.AsyncClient, path: Any, code: str) -> None:
    answer = await send(client, RED, {"method": "GET", "path": path})
    problem = read_problem(answer, 422, "invalid")
    assert ("/requests/1/path", code) in faults_of(problem)
    assert await count_rows(client, "/teams/") == 0


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ([], "", "batch_body"),
        ({}, "", "batch_body"),
        ({"requests": [], "more": 1}, "", "batch_body"),
        ({"requests": {}}, "/requests", "list_type"),
        ({"requests": None}, "/requests", "list_type"),
        ({"requests": [1]}, "/requests/0", "dict_type"),
        ({"requests": [[]]}, "/requests/0", "dict_type"),
        *(
            ({"requests": [{**RED, "method": method}]}, "/requests/0/method", "invalid_method")
            for method in (None, "get", "HEAD", "OPTIONS", ["GET"], 1)
        ),
        ({"requests": [{"method": "GET"}]}, "/requests/0/path", "invalid_path"),
        ({"requests": [{"path": "/teams/"}]}, "/requests/0/method", "invalid_method"),
        ({"requests": [{**RED, "a/b": 1}]}, "/requests/0/a~1b", "unknown_field"),
        *(
            ({"requests": [{**RED, "headers": headers}]}, f"/requests/0/headers{name}", code)
            for headers, name, code in (
                ([], "", "dict_type"),
                ({"X": "y"}, "/X", "unknown_header"),
                ({"Prefer": 1}, "/Prefer", "string_type"),
                ({"Prefer": "a\r\nb"}, "/Prefer", "string_type"),
                ({"Prefer": "a", "prefer": "b"}, "/Prefer", "duplicate_name"),
            )
        ),
    ],
)  # fmt: skip
async def test_what_is_no_batch(
    client: httpx2.AsyncClient, body: Any, pointer: str, code: str
) -> None:
    problem = read_problem(await client.post("/batch", json=body), 422, "invalid")
    assert (pointer, code) in faults_of(problem)


@pytest.mark.parametrize(
    "name", ["Authorization", "Cookie", "Host", "Idempotency-Key", "X-Forwarded-For", "Range"]
)
async def test_headers_of_the_batch(client: httpx2.AsyncClient, name: str) -> None:
    """Headers of the caller, and others that concern the whole, can't be set in the body."""
    answer = await send(client, {**RED, "headers": {name: "x"}})
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [(f"/requests/0/headers/{name}", "unknown_header")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"requests": [{"method": "POST", "path": "/teams/", "body": NaN}]}', "json_invalid"),
        ('{"requests": [{"method": "POST", "method": "GET"}]}', "duplicate_name"),
        ('{"requests": [{"body": {"name": "a", "name": "b"}}]}', "duplicate_name"),
        ('{"requests": [', "json_invalid"),
        ("", "json_invalid"),
        ('{"requests": ' + "[" * 5000 + "]" * 5000 + "}", "json_too_deep"),
    ],
)
async def test_what_is_no_json(client: httpx2.AsyncClient, text: str, code: str) -> None:
    answer = await client.post(
        "/batch", content=text.encode(), headers={"content-type": "application/json"}
    )
    assert read_problem(answer, 422, "invalid")["errors"][0]["code"] == code


@pytest.mark.parametrize("number", ["1e999", "1" * 400, "1.0e5", "9" * 19, "-0"])
@pytest.mark.parametrize("refers", [False, True])
async def test_numbers_as_they_are_written(
    client: httpx2.AsyncClient, number: str, refers: bool
) -> None:
    """A number has the same value as in a single request, also beside references."""
    name = '{"$ref": "0.name"}' if refers else '"x"'
    body = f'{{"name": {name}, "team_id": {number}}}'
    requests = (
        '{"method": "POST", "path": "/teams/", "body": {"name": "x"}}',
        f'{{"method": "POST", "path": "/players/", "body": {body}}}',
    )
    text = f'{{"requests": [{", ".join(requests)}]}}'
    json_type = {"content-type": "application/json"}
    single = f'{{"name": "x", "team_id": {number}}}'.encode()
    alone = await client.post("/players/", content=single, headers=json_type)
    together = await client.post("/batch", content=text.encode(), headers=json_type)
    assert alone.status_code == together.status_code >= 400
    assert alone.json()["detail"] == together.json()["detail"]
