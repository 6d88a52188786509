"""Guards of a request apply in a batch too: dependencies, policies, hooks, own endpoints."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from modelwire import Database
from tests import worlds
from tests.conftest import empty_tables, open_client
from tests.http.problems import count_rows, faults_of, read_problem
from tests.lanes import LANES

from .guarded import Base, Service
from .sending import request, send, succeed

guarded = worlds.make_world_fixture("batches_guarded", Base.metadata, lambda _: {})


@pytest_asyncio.fixture(params=[False, True], ids=["plain", "with_session"])
async def service(guarded: worlds.World, lane: str, request: pytest.FixtureRequest) -> Service:
    await empty_tables(guarded.database)
    return Service(guarded.database, lane, with_session=request.param)


@pytest.fixture(params=LANES)
def lane(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def client(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(service.app) as made:
        made.headers["x-name"] = "ann"
        yield made


@pytest.fixture
def database(guarded: worlds.World) -> Database:
    return guarded.database


async def test_nobody(client: httpx2.AsyncClient, service: Service) -> None:
    """A request without a caller is refused before its body is read."""
    for body in ({"requests": [request("GET", "/notes/")]}, {"wrong": 1}):
        answer = await client.post("/batch", json=body, headers={"x-name": "eve"})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_caller_is_resolved_once(client: httpx2.AsyncClient, service: Service) -> None:
    """Also for guards that depend on the caller."""
    note = request("POST", "/notes/", {"text": "x"})
    await succeed(client, note, note, request("GET", "/notes/"), request("DELETE", "/notes/1"))
    assert service.calls == {"caller": 1, "scoped": 3}


async def test_scopes_hold(client: httpx2.AsyncClient, service: Service) -> None:
    answer = await send(
        client,
        request("GET", "/notes/"),
        request("POST", "/notes/", {"text": "x"}),
        x_name="bo",
    )
    problem = answer.json()
    assert answer.status_code == 403
    assert problem["detail"] == "You lack a scope"
    assert problem["errors"][0]["pointer"] == "/requests/1"
    service.rights["ann"] = "a"
    answer = await send(
        client, request("POST", "/notes/", {"text": "x"}), request("DELETE", "/notes/{0.id}")
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (403, "/requests/1")
    assert await count_rows(client, "/notes/") == 0


async def test_policies_hold(client: httpx2.AsyncClient, service: Service) -> None:
    """Another's rows are not there, whatever asks; assigned values are the caller's."""
    service.rights["bo"] = "ab"
    (made,) = await succeed(client, request("POST", "/notes/", {"text": "x"}))
    assert made["body"]["owner"] == "ann"
    (listed,) = await succeed(client, request("GET", "/notes/"), x_name="bo")
    assert listed["body"]["items"] == []
    for one in (
        request("GET", "/notes/1"),
        request("PATCH", "/notes/1", {"text": "y"}),
        request("DELETE", "/notes/1"),
    ):
        problem = read_problem(await send(client, one, x_name="bo"), 404, "not_found")
        missing = {**one, "path": "/notes/99"}
        assert (await send(client, missing, x_name="bo")).json() == problem
    answer = await send(client, request("POST", "/pages/", {"title": "x"}), x_name="bo")
    read_problem(answer, 403, "forbidden")


async def test_guards_see_what_was_written(client: httpx2.AsyncClient, service: Service) -> None:
    """One that reads by the key of the path finds the row of the batch, and what it commits is
    committed with the batch."""
    await succeed(
        client,
        request("POST", "/pages/", {"title": "x"}),
        request("PATCH", "/pages/{0.id}", {"title": "y"}),
        request("PUT", "/pages/{0.id}", {"title": "z"}),
    )
    assert service.calls["visit"] == 2
    assert await count_rows(client, "/visits/?page_id=1") == 2
    async with asyncio.timeout(10):
        while len(service.ran) < 4:  # what is left for later
            await asyncio.sleep(0.01)
    assert sorted(service.ran) == ["close", "open", "task 1", "task 1"]


async def test_guards_under_policies(client: httpx2.AsyncClient, service: Service) -> None:
    """A session under the policies of the caller sees what the batch has written for it."""
    service.rights["bo"] = "a"
    note = request("POST", "/notes/", {"text": "x"})
    await succeed(client, note, x_name="bo")
    await succeed(client, note, request("PATCH", "/tags/bulk/", []))
    assert service.ran == ["sees ann"]
    assert service.calls["caller"] == 2


async def test_what_guards_write_is_undone(client: httpx2.AsyncClient, service: Service) -> None:
    answer = await send(
        client,
        request("POST", "/pages/", {"title": "x"}),
        request("PATCH", "/pages/{0.id}", {"title": "y"}),
        request("PATCH", "/pages/99", {"title": "z"}),
    )
    assert (answer.status_code, answer.json()["detail"]) == (404, "No such page to visit")
    assert await count_rows(client, "/visits/") == 0
    assert await count_rows(client, "/pages/") == 0
    assert "task 1" not in service.ran


async def test_headers_of_dependencies(client: httpx2.AsyncClient, service: Service) -> None:
    (made,) = await succeed(client, request("POST", "/pages/", {"title": "x"}))
    assert made["headers"]["X-Enclosed"] == "yes"
    assert service.ran == ["open", "close"]


async def test_parameters_of_dependencies(client: httpx2.AsyncClient) -> None:
    """A path parameter that a guard can't read is refused as in a single request."""
    answer = await send(client, request("PATCH", "/pages/x", {"title": "y"}))
    problem = read_problem(answer, 422, "invalid")
    (error,) = problem["errors"]
    assert (error["parameter"], error["pointer"]) == ("id", "/requests/0/path")


async def test_hooks_refuse(client: httpx2.AsyncClient, service: Service) -> None:
    tags = [request("POST", "/tags/", {"name": name}) for name in ("a", "bad")]
    problem = read_problem(await send(client, *tags), 409, "conflict")
    assert faults_of(problem) == [("/requests/1/body", "conflict")]
    tags[1]["body"]["name"] = "teapot"
    answer = await send(client, *tags)
    assert (answer.status_code, answer.json()["detail"]) == (418, "short and stout")
    assert answer.json()["errors"][0]["pointer"] == "/requests/1"
    assert await count_rows(client, "/tags/") == 0
    assert service.ran == []


async def test_hooks_after_the_commit(client: httpx2.AsyncClient, service: Service) -> None:
    """They run once for each request, also where it was tried twice."""
    await succeed(
        client,
        request("POST", "/tags/", {"name": "a"}),
        request("PATCH", "/tags/{0.id}", {"name": "b"}),
        request("POST", "/tags/", {"name": "c"}),
    )
    assert service.ran == ["create [1]", "update [1]", "create [2]"]


async def test_operations_that_are_off(client: httpx2.AsyncClient) -> None:
    for method, path, body in (
        ("DELETE", "/tags/1", None),
        ("POST", "/tags/bulk/", []),
        ("DELETE", "/tags/bulk/", []),
    ):
        alone = await client.request(method, path, json=body)
        together = await send(client, request(method, path, body))
        assert together.status_code == alone.status_code in (404, 405)
        assert together.json()["code"] == alone.json()["code"]
        assert together.headers.get("allow") == alone.headers.get("allow")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/pages/latest"),
        ("GET", "/pages/lat%65st"),
        ("POST", "/own/1"),
    ],
)
async def test_own_endpoints(client: httpx2.AsyncClient, method: str, path: str) -> None:
    """They are not asked, nor is a resource in their place."""
    answer = await send(client, request(method, path))
    problem = read_problem(answer, 422, "invalid")
    assert faults_of(problem) == [("/requests/0", "not_in_batches")]


async def test_a_reference_leads_to_no_own_endpoint(client: httpx2.AsyncClient) -> None:
    answer = await send(
        client,
        request("POST", "/notes/", {"text": "latest"}),
        request("GET", "/pages/{0.text}"),
    )
    read_problem(answer, 422, "invalid")


async def test_replays_ask_guards_again(client: httpx2.AsyncClient, service: Service) -> None:
    """A replay is refused to a caller who has lost the right since, as in a single request."""
    batch = [
        request("POST", "/notes/", {"text": "x"}),
        request("DELETE", "/notes/{0.id}"),
    ]
    key = {"Idempotency_Key": "k"}
    first = await send(client, *batch, **key)
    again = await send(client, *batch, **key)
    assert again.headers["idempotency-replayed"] == "true"
    assert first.content == again.content
    service.rights["ann"] = "a"
    answer = await send(client, *batch, **key)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (403, "/requests/1")
    service.rights["bo"] = "ab"
    other = await send(client, *batch, **key, x_name="bo")
    assert "idempotency-replayed" not in other.headers
    assert other.json()["responses"][0]["body"]["owner"] == "bo"
