"""Several requests in one transaction: answered as by themselves, and stored all or none."""

from typing import Any

import httpx2
import pytest

from tests.http.problems import count_rows, faults_of, read_problem

from .sending import ref, request, send, succeed

pytestmark = pytest.mark.both_lanes


async def test_every_request_is_answered(client: httpx2.AsyncClient) -> None:
    """Each answer is what the request alone would be answered, and later ones see what was
    written."""
    made, read, listed, patched, put, gone, left = await succeed(
        client,
        request("POST", "/teams/", {"name": "Red"}),
        request("GET", "/teams/1?fields=name"),
        request("GET", "/teams/?name=Red&count=none"),
        request("PATCH", "/teams/1", {"city": "Bonn"}),
        request("PUT", "/teams/1", {"city": "Köln"}),
        request("DELETE", "/teams/1"),
        request("GET", "/teams/"),
    )
    row = {"id": 1, "name": "Red", "city": None}
    assert made["status"] == 201
    assert made["body"] == row
    assert made["headers"]["Location"] == "/teams/1"
    assert made["headers"]["ETag"].startswith('"')
    assert read["body"] == {"name": "Red", "players": []}
    assert listed["body"]["items"] == [row]
    assert patched["body"] == {**row, "city": "Bonn"}
    assert put["body"] == {**row, "city": "Köln"}
    assert gone == {"status": 204, "headers": {}}
    assert left["body"]["total"] == 0


async def test_answers_are_those_of_single_requests(client: httpx2.AsyncClient) -> None:
    """Bodies and headers are the same as without a batch."""
    await client.post("/teams/", json={"name": "Red"})
    paths = ("/teams/1", "/teams/?limit=1", "/teams/1/players/", "/users/?q=ann")
    for path, response in zip(
        paths, await succeed(client, *(request("GET", path) for path in paths)), strict=True
    ):
        alone = await client.get(path)
        assert response["status"] == alone.status_code
        assert response["body"] == alone.json()
        kept = {"etag", "link", "location"}
        headers = {n.lower(): v for n, v in response["headers"].items()}
        assert headers == {n: v for n, v in alone.headers.items() if n in kept}


async def test_nothing_at_all(client: httpx2.AsyncClient) -> None:
    assert await succeed(client) == []


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_is_refused(client: httpx2.AsyncClient, place: int) -> None:
    """Nothing is stored, and the problem says of which request it is."""
    await client.post("/teams/", json={"name": "Red"})
    requests = [request("POST", "/teams/", {"name": f"t{i}"}) for i in range(3)]
    requests[place]["body"]["name"] = "Red"
    problem = read_problem(await send(client, *requests), 400, "already_exists")
    assert problem["detail"] == "Name already exists"
    assert faults_of(problem) == [(f"/requests/{place}/body/name", "already_exists")]
    assert await count_rows(client, "/teams/") == 1


async def test_refused_by_what_was_written_before(client: httpx2.AsyncClient) -> None:
    answer = await send(
        client,
        request("POST", "/teams/", {"name": "Red"}),
        request("POST", "/teams/bulk/", [{"name": "Blue"}, {"name": "Red"}]),
    )
    problem = read_problem(answer, 400, "already_exists")
    assert faults_of(problem) == [("/requests/1/body/1/name", "already_exists")]
    assert await count_rows(client, "/teams/") == 0


async def test_reference_to_what_is_undone(client: httpx2.AsyncClient) -> None:
    """Of two parents the one is missing that is not there, and not the one that was written."""
    answer = await send(
        client,
        request("POST", "/teams/", {"name": "Red"}),
        request("POST", "/players/bulk/", [
            {"name": "Ann", "team_id": ref("0.id")}, {"name": "Bo", "team_id": 99}
        ]),
    )  # fmt: skip
    problem = read_problem(answer, 400, "parent_not_found")
    assert faults_of(problem) == [("/requests/1/body/1/team_id", "parent_not_found")]
    assert await count_rows(client, "/teams/") == 0


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/teams/9", 404, "not_found"),
        ("/nothing/", 404, "no_such_path"),
        ("/teams/?colour=red", 422, "invalid"),
        ("/teams/x", 422, "invalid"),
    ],
)
async def test_problems_name_their_request(
    client: httpx2.AsyncClient, path: str, status: int, code: str
) -> None:
    alone = (await client.get(path)).json()
    answer = await send(client, request("GET", "/teams/"), request("GET", path))
    problem = read_problem(answer, status, code)
    assert problem["detail"] == alone["detail"]
    (error,) = problem["errors"]
    assert error["pointer"].startswith("/requests/1")
    assert error.get("parameter") == alone.get("errors", [{}])[0].get("parameter")


async def test_wrong_method(client: httpx2.AsyncClient) -> None:
    answer = await send(client, request("DELETE", "/teams/1/players/"))
    assert answer.headers["allow"] == (await client.delete("/teams/1/players/")).headers["allow"]
    read_problem(answer, 405, "method_not_allowed")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/teams/stream/"),
        ("GET", "/health"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("POST", "/batch"),
        ("POST", "/batch/"),
    ],
)
async def test_what_no_batch_asks_for(client: httpx2.AsyncClient, method: str, path: str) -> None:
    answer = await send(client, request("GET", "/teams/"), request(method, path))
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [("/requests/1", "not_in_batches")]


async def test_if_match(client: httpx2.AsyncClient) -> None:
    row = await client.post("/teams/", json={"name": "Red"})
    change = request("PATCH", "/teams/1", {"city": "Bonn"}, If_Match=row.headers["etag"])
    first = await succeed(client, change)
    problem = read_problem(await send(client, change), 412, "changed")
    assert problem["errors"][0]["pointer"] == "/requests/0"
    change["headers"]["If-Match"] = first[0]["headers"]["ETag"]
    await succeed(client, change)


async def test_if_none_match(client: httpx2.AsyncClient) -> None:
    row = await client.post("/teams/", json={"name": "Red"})
    tag = (await client.get("/teams/1")).headers["etag"]
    (response,) = await succeed(client, request("GET", "/teams/1", If_None_Match=tag))
    assert response == {"status": 304, "headers": {"ETag": tag}}
    assert row.status_code == 201


async def test_minimal(client: httpx2.AsyncClient) -> None:
    """Writes are answered without bodies, to which later requests refer all the same."""
    answer = await send(
        client,
        request("POST", "/teams/", {"name": "Red"}),
        request("PATCH", "/teams/{0.id}", {"city": "Bonn"}),
        request("POST", "/players/bulk/", [{"name": "Ann", "team_id": ref("1.id")}]),
        request("GET", "/players/{2.0.id}"),
        request("DELETE", "/players/?name=Ann", Prefer="max-affected=3"),
        Prefer="return=minimal",
    )
    assert answer.headers["preference-applied"] == "return=minimal"
    made, changed, many, read, gone = answer.json()["responses"]
    assert [r["status"] for r in (made, changed, many, read, gone)] == [201, 204, 201, 200, 204]
    assert not any("body" in response for response in (made, changed, many, gone))
    assert made["headers"]["Location"] == "/teams/1"
    assert read["body"]["team_id"] == 1


async def test_query_in_a_body(client: httpx2.AsyncClient) -> None:
    """A list whose query stands in a body is a list."""
    await client.post("/teams/", json={"name": "Red"})
    (response,) = await succeed(
        client, request("POST", "/teams/query", {"name": "Red", "limit": 1})
    )
    assert response["body"]["total"] == 1


async def test_too_many(client: httpx2.AsyncClient) -> None:
    requests = [request("GET", "/teams/?limit=1&count=none")] * 100
    assert len(await succeed(client, *requests)) == 100
    read_problem(await send(client, *requests, requests[0]), 413, "too_large")


async def test_body_over_the_limit(client: httpx2.AsyncClient) -> None:
    answer = await send(client, request("POST", "/teams/", {"name": "x" * 2_000_000}))
    read_problem(answer, 413, "too_large")


async def test_parameters_and_media_types(client: httpx2.AsyncClient) -> None:
    body: dict[str, Any] = {"requests": []}
    read_problem(await client.post("/batch?a=1", json=body), 422, "invalid")
    answer = await client.post("/batch", content=b"{}", headers={"content-type": "text/plain"})
    read_problem(answer, 415, "unsupported_media_type")
    assert (await client.post("/batch/", json=body)).status_code == 200
    assert (await client.get("/batch")).status_code == 405
