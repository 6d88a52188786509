"""The user's own dependencies before generated endpoints."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Annotated, Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import Depends, FastAPI, Header, HTTPException
from starlette.requests import Request

from examples.league import Team, User
from modelwire import ConfigurationError, Database, Resource, SessionDep, get_session, mount
from modelwire.resource import Operation
from tests.conftest import MakeClient, open_client, use_sessions
from tests.http.problems import count_rows
from tests.http.rows import store_users
from tests.zoo import City

pytestmark = pytest.mark.both_lanes

ANN = {"username": "ann", "email": "ann@example.com"}
KEY = {"x-key": "open sesame"}


def require_key(x_key: Annotated[str, Header()] = "") -> None:
    if x_key != KEY["x-key"]:
        raise HTTPException(401, "Say the word", {"www-authenticate": "Word"})


REQUESTS = [
    ("POST", "/users/", ANN),
    ("POST", "/users/bulk/", [ANN]),
    ("GET", "/users/", None),
    ("GET", "/users/stream/", None),
    ("GET", "/users/1", None),
    ("HEAD", "/users/1", None),
    ("PUT", "/users/1", {"full_name": "Ann"}),
    ("PATCH", "/users/1", {"full_name": "Ann"}),
    ("DELETE", "/users/1", None),
]
ServeApp = Callable[[FastAPI], Any]


@pytest_asyncio.fixture
async def serve(database: Database, lane: str) -> AsyncIterator[ServeApp]:
    """Open a client of the user's own application."""
    async with AsyncExitStack() as stack:

        async def open_app(app: FastAPI) -> httpx2.AsyncClient:
            if lane == "session":
                use_sessions(app, database)
            return await stack.enter_async_context(open_client(app))

        yield open_app


async def assert_guarded(client: httpx2.AsyncClient, database: Database) -> None:
    """Nothing is told or done without the word; with it everything is."""
    await store_users(database, bob=None)
    for method, path, body in REQUESTS:
        answer = await client.request(method, path, json=body)
        assert answer.status_code == 401, (method, path)
        assert "bob" not in answer.text
    assert (await client.get("/users/1", headers=KEY)).json()["full_name"] is None
    assert (await client.get("/users/", headers=KEY)).json()["total"] == 1


async def test_refusal_is_a_problem(make_client: MakeClient) -> None:
    """A refusal by a dependency is a problem document with its status, detail and headers."""
    client = await make_client(Resource(User, dependencies=[Depends(require_key)]))
    answer = await client.get("/users/")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Word"
    document = answer.json()
    assert (document["status"], document["detail"]) == (401, "Say the word")
    assert document["title"] == "Unauthorized"


async def test_dependencies_of_a_resource(make_client: MakeClient, database: Database) -> None:
    """Dependencies of a resource run before anything happens, for every operation of it."""
    client = await make_client(Resource(User, dependencies=[Depends(require_key)]), Resource(Team))
    await assert_guarded(client, database)
    assert (await client.get("/teams/")).status_code == 200


async def test_dependencies_before_the_request_is_read(make_client: MakeClient) -> None:
    """A forbidden request is refused as such, not for its faults."""
    client = await make_client(Resource(User, dependencies=[Depends(require_key)]))
    for answer in (
        await client.post("/users/", content=b"{"),
        await client.get("/users/?nope=1"),
        await client.get("/users/x"),
    ):
        assert answer.status_code == 401


async def test_dependencies_of_operations(make_client: MakeClient, database: Database) -> None:
    """Dependencies of an operation run for that one alone."""
    guard = [Depends(require_key)]
    client = await make_client(
        Resource(User, operation_dependencies={"create": guard, "delete": guard})
    )
    await store_users(database, bob=None)
    assert (await client.post("/users/", json=ANN)).status_code == 401
    assert (await client.delete("/users/1")).status_code == 401
    assert (await client.patch("/users/1", json={"full_name": "Bob"})).status_code == 200
    assert await count_rows(client, "/users/") == 1
    assert (await client.delete("/users/1", headers=KEY)).status_code == 204


async def test_update_covers_both_methods(make_client: MakeClient, database: Database) -> None:
    """PUT and PATCH are one operation."""
    guard = [Depends(require_key)]
    client = await make_client(Resource(User, operation_dependencies={"update": guard}))
    await store_users(database, bob=None)
    for method in ("PUT", "PATCH"):
        assert (await client.request(method, "/users/1", json={})).status_code == 401


@pytest.mark.parametrize(
    ("operation", "method", "url", "body"),
    [
        ("create", "POST", "/users/bulk/", [ANN]),
        ("create", "POST", "/users/bulk/?atomic=false", [ANN]),
        ("update", "PATCH", "/users/bulk/", [{"id": 1, "full_name": "x"}]),
        ("update", "PATCH", "/users/?id=1", {"full_name": "x"}),
        ("delete", "DELETE", "/users/bulk/", [1]),
        ("delete", "DELETE", "/users/?id=1", None),
        ("list", "GET", "/users/stream/", None),
        ("list", "POST", "/users/query", {}),
    ],
)
async def test_guards_hold_for_many(
    make_client: MakeClient,
    database: Database,
    operation: Operation,
    method: str,
    url: str,
    body: object,
) -> None:
    """Guards of an operation apply to its bulk form as well."""
    guard = {operation: [Depends(require_key)]}
    client = await make_client(Resource(User, operation_dependencies=guard))
    await store_users(database, bob=None)
    headers = {"prefer": "max-affected=1"}
    answer = await client.request(method, url, json=body, headers=headers)
    assert answer.status_code == 401
    answer = await client.request(method, url, json=body, headers={**headers, **KEY})
    assert answer.is_success, answer.text


async def test_dependencies_of_mount(make_client: MakeClient, database: Database) -> None:
    """Dependencies that `mount` is given run for every resource."""
    client = await make_client(Resource(User), Resource(Team), dependencies=[Depends(require_key)])
    await assert_guarded(client, database)
    assert (await client.get("/teams/")).status_code == 401


async def test_dependencies_of_the_application(serve: ServeApp, database: Database) -> None:
    """Dependencies of the application run for generated endpoints as for its own."""
    app = FastAPI(dependencies=[Depends(require_key)])
    mount(app, database, Resource(User))
    await assert_guarded(await serve(app), database)


async def test_dependencies_run_in_order(make_client: MakeClient) -> None:
    """Dependencies run from the outside in: of the mount, of the resource, of the operation."""
    ran: list[str] = []

    def note(name: str) -> Any:
        return Depends(lambda: ran.append(name))

    client = await make_client(
        Resource(
            User, dependencies=[note("resource")], operation_dependencies={"list": [note("list")]}
        ),
        dependencies=[note("mount")],
    )
    await client.get("/users/")
    assert ran == ["mount", "resource", "list"]


async def test_path_parameter(make_client: MakeClient, database: Database) -> None:
    """A dependency takes the key of the path as a parameter, of the type that it declares."""

    def only_own(id: int) -> None:  # noqa: A002 - it is the name of the field
        if id != 1:
            raise HTTPException(403, f"Not yours: {id + 0}")

    client = await make_client(Resource(User, operation_dependencies={"read": [Depends(only_own)]}))
    await store_users(database, ann=None, bob=None)
    assert (await client.get("/users/1")).status_code == 200
    refused = await client.get("/users/2")
    assert (refused.status_code, refused.json()["detail"]) == (403, "Not yours: 2")
    malformed = await client.get("/users/x")
    assert (malformed.status_code, malformed.json()["code"]) == (422, "invalid")
    assert malformed.json()["errors"][0]["parameter"] == "id"


async def test_composite_path_parameter(make_client: MakeClient) -> None:
    """A dependency takes the parts of a composite key by their names, decoded."""
    seen: list[tuple[str, str]] = []

    def note(country_code: str, name: str) -> None:
        seen.append((country_code, name))

    client = await make_client(Resource(City, operation_dependencies={"read": [Depends(note)]}))
    await client.get("/cities/de,a%2Fb%2Cc%20d")
    assert seen == [("de", "a/b,c d")]


async def test_shared_session(make_client: MakeClient) -> None:
    """A dependency's writes in its session are committed with the endpoint's."""

    async def add_team(session: SessionDep) -> None:
        session.add(Team(name="Red"))

    client = await make_client(
        Resource(User, operation_dependencies={"create": [Depends(add_team)]}), Resource(Team)
    )
    assert (await client.post("/users/", json=ANN)).status_code == 201
    assert await count_rows(client, "/teams/") == 1
    assert (await client.post("/users/", json=ANN)).status_code == 400
    assert (await client.post("/users/", json={**ANN, "email": 5})).status_code == 422
    assert await count_rows(client, "/teams/") == 1


async def test_session_of_the_endpoint(make_client: MakeClient, database: Database) -> None:
    """The endpoint sees what a dependency did in its session, before it is committed."""

    async def rename(session: SessionDep) -> None:
        (await session.get_one(User, 1)).full_name = "seen"

    client = await make_client(Resource(User, operation_dependencies={"read": [Depends(rename)]}))
    await store_users(database, ann="unseen")
    assert (await client.get("/users/1")).json()["full_name"] == "seen"
    async with database.session() as session:
        assert (await session.get_one(User, 1)).full_name == "unseen"


async def test_session_by_name(make_client: MakeClient) -> None:
    """A dependency below another one that takes the session shares it too."""
    sessions: list[object] = []

    async def inner(session: Annotated[object, Depends(get_session)]) -> None:
        sessions.append(session)

    async def outer(session: SessionDep, _: Annotated[None, Depends(inner)]) -> None:
        sessions.append(session)

    client = await make_client(Resource(User, dependencies=[Depends(outer)]))
    assert (await client.get("/users/")).status_code == 200
    assert len(sessions) == 2
    assert sessions[0] is sessions[1]


async def test_error_of_a_dependency(make_client: MakeClient) -> None:
    """An error that a dependency does not expect is a problem that tells nothing of it."""

    def fail() -> None:
        raise RuntimeError("the password is x")

    client = await make_client(Resource(User, dependencies=[Depends(fail)]))
    answer = await client.get("/users/")
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected_error")
    assert "password" not in answer.text


async def test_exception_of_an_own_endpoint(serve: ServeApp, database: Database) -> None:
    """An `HTTPException` of an endpoint of the user's own is a problem document."""
    app = FastAPI()
    mount(app, database, Resource(User))

    @app.get("/tea")
    async def tea(request: Request) -> None:
        raise HTTPException(418, "Short and stout", {"x-pot": "1"})

    answer = await (await serve(app)).get("/tea")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-pot"] == "1"
    assert (answer.status_code, answer.json()["status"]) == (418, 418)
    assert answer.json()["detail"] == "Short and stout"


async def ask_outer(inner: FastAPI) -> None:
    """Ask for users where an application's router is included in another one."""
    outer = FastAPI()
    outer.include_router(inner.router, dependencies=[Depends(require_key)])
    transport = httpx2.ASGITransport(app=outer)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.get("/users/", headers=KEY)


async def test_router_in_a_router() -> None:
    """Generated routes refuse to be included elsewhere, where dependencies would be dropped."""
    app = FastAPI()
    mount(app, Database("sqlite://"), Resource(User))
    with pytest.raises(ConfigurationError, match="mount"):
        await ask_outer(app)
