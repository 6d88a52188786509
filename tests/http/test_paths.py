"""Paths, methods, and what every error has in common."""

import httpx2
import pytest

from examples.league import User
from modelwire import Database, Resource
from tests.conftest import LEAGUE, MakeClient
from tests.http.rows import store_users

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        *("/nope", "/nope/1", "/Users/", "/user", "/users/1/2", "/users//", "/.//users/"),
        *("/users%2F1", "/users/stream/1", "/users/bulk/1/", "/users/1/teams/", "/users/%00/1"),
        *("/health/x", "/%FF"),
    ],
)
async def test_no_such_path(client: httpx2.AsyncClient, path: str) -> None:
    """A path at which nothing is served is 404, and not for want of a row."""
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["code"] == "no_such_path"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"])
@pytest.mark.parametrize("options", [{}, {"offline_docs": False}])
async def test_docs_with_a_last_slash(
    make_client: MakeClient, path: str, options: dict[str, bool]
) -> None:
    """The docs answer with a last slash as they do without, and are not redirected."""
    client = await make_client(*LEAGUE, **options)
    without, answer = await client.get(path), await client.get(f"{path}/")
    assert (without.status_code, answer.status_code) == (200, 200)
    assert answer.content == without.content


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/users/", {"GET", "HEAD", "POST", "PATCH", "DELETE"}),
        ("/users", {"GET", "HEAD", "POST", "PATCH", "DELETE"}),
        ("/users/1", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("/users/1/", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("/users/stream/", {"GET", "HEAD"}),
        ("/users/bulk/", {"POST", "PATCH", "DELETE"}),
        ("/health", {"GET", "HEAD"}),
        ("/docs", {"GET", "HEAD"}),
    ],
)
async def test_method_not_allowed(client: httpx2.AsyncClient, path: str, allowed: set[str]) -> None:
    """A method that a path does not have is 405, and `Allow` names all that it has."""
    answer = await client.request("TRACE", path)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["code"] == "method_not_allowed"
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/users/1"),
        ("POST", "/users/stream/"),
        ("GET", "/users/bulk/"),
        ("HEAD", "/users/bulk/"),
        ("PUT", "/users/"),
    ],
)
async def test_method_of_another_path(client: httpx2.AsyncClient, method: str, path: str) -> None:
    """A method that only other paths of the resource have is 405."""
    assert (await client.request(method, path)).status_code == 405


async def test_operations_left_out(make_client: MakeClient) -> None:
    """A resource answers only the operations that it declares."""
    made = await make_client(Resource(User, operations=["list", "read"]))
    answer = await made.post("/users/", json={})
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert (await made.post("/users/bulk/", json=[])).status_code in (404, 405)


@pytest.mark.parametrize("path", ["/nope", "/users/1", "/users/x", "/users/bulk/"])
async def test_head_of_an_error(client: httpx2.AsyncClient, path: str) -> None:
    """HEAD of an error has its headers and no body."""
    headers = {"x-request-id": "same"}
    get, head = await client.get(path, headers=headers), await client.head(path, headers=headers)
    assert head.content == b""
    assert head.status_code == get.status_code >= 400
    assert head.headers["content-type"] == PROBLEM


ERRORS = {"/nope": 404, "/users/1": 404, "/users/x": 422, "/users/?nope=1": 422, "/users/bulk": 405}


@pytest.mark.parametrize("path", ERRORS)
async def test_problem(client: httpx2.AsyncClient, path: str) -> None:
    """Every error is a problem document with a stable code in its type."""
    answer = await client.get(path)
    problem = answer.json()
    assert answer.headers["content-type"] == PROBLEM
    assert answer.status_code == problem["status"] == ERRORS[path]
    assert problem["type"] == f"urn:modelwire:{problem['code']}"
    assert problem["title"]


@pytest.mark.parametrize("path", ERRORS)
async def test_request_id(client: httpx2.AsyncClient, path: str) -> None:
    """Every error carries an id of its own, under which the log has it."""
    ids = {(await client.get(path)).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(ids)


@pytest.mark.parametrize("path", ERRORS)
async def test_given_request_id(client: httpx2.AsyncClient, path: str) -> None:
    """An error carries the id that the client gave the request."""
    answer = await client.get(path, headers={"x-request-id": "a-B_3.4:5"})
    assert answer.headers["x-request-id"] == "a-B_3.4:5"


@pytest.mark.parametrize("given", ["", "a b", "a" * 1000, "a\tb", 'x"y', "é"])
async def test_unusable_request_id(client: httpx2.AsyncClient, given: str) -> None:
    """An id that could not stand in a log is replaced."""
    answer = await client.get("/nope", headers=[(b"x-request-id", given.encode())])
    assert answer.headers["x-request-id"].isalnum()


async def test_prefix(make_client: MakeClient, database: Database) -> None:
    """Resources may stand behind a prefix, and there alone."""
    made = await make_client(*LEAGUE, prefix="/api/v1/")
    await store_users(database, ann=None)
    assert (await made.get("/api/v1/users/1")).status_code == 200
    assert (await made.get("/users/1")).status_code == 404


async def test_declared_path(make_client: MakeClient, database: Database) -> None:
    """A resource may stand at another path than its table's name."""
    made = await make_client(Resource(User, path="/club/people"))
    await store_users(database, ann=None)
    assert (await made.get("/club/people/1")).status_code == 200
    created = await made.post("/club/people", json={"username": "ben", "email": "b@example.com"})
    assert created.headers.get("location", "/club/people/").startswith("/club/people/")
    assert (await made.get("/users/")).status_code == 404
