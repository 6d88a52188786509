"""The application's own routes beside those of its resources: which of them answers a request."""

from collections.abc import Callable
from contextlib import AsyncExitStack

import fastapi.routing
import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse, PlainTextResponse

from examples.league import Player, Team, User
from modelwire import Database, Resource, mount
from tests.conftest import open_client, use_sessions
from tests.examples import examples
from tests.zoo import Country

pytestmark = pytest.mark.both_lanes

SPELLINGS = ("/users/me", "/users/me/", "/users/%6de", "/users/m%65/", "/%75sers/me")


async def own() -> str:
    return "own"


def _api(app: FastAPI) -> None:
    app.add_api_route("/users/me", own)


def _starlette(app: FastAPI) -> None:
    app.add_route("/users/me", lambda _: JSONResponse("own"))


def _included(app: FastAPI) -> None:
    router = APIRouter()
    router.add_api_route("/me", own)
    app.include_router(router, prefix="/users")


def _nested(app: FastAPI) -> None:
    inner, outer = APIRouter(), APIRouter()
    inner.add_api_route("/me", own)
    outer.include_router(inner, prefix="/users")
    app.include_router(outer)


WAYS = (_api, _starlette, _included, _nested)


@pytest.mark.parametrize("add", WAYS)
@pytest.mark.parametrize("is_first", [True, False])
async def test_spelt_out_path(
    database: Database, lane: str, add: Callable[[FastAPI], None], is_first: bool
) -> None:
    """A path that the application spells out is no key, however a request spells it."""
    app = FastAPI()
    if is_first:
        add(app)
    mount(app, database, Resource(User))
    if not is_first:
        add(app)
    if lane == "session":
        use_sessions(app, database)
    async with open_client(app) as client:
        client.follow_redirects = True
        for path in SPELLINGS:
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (200, "own"), path
            assert (await client.head(path)).status_code in (200, 405), path
            assert (await client.patch(path, json={})).status_code == 405, path
        assert (await client.get("/users/1")).status_code == 404
        assert (await client.get("/users/")).json()["items"] == []


@pytest.mark.skipif(
    not hasattr(fastapi.routing, "iter_route_contexts"),
    reason="FastAPI before 0.138 copies the routes that a router has when it is included",
)
async def test_route_of_a_router_that_is_included_already(database: Database) -> None:
    """A route that is added to an included router afterwards wins as well."""
    app, router = FastAPI(), APIRouter()
    app.include_router(router, prefix="/users")
    mount(app, database, Resource(User))
    async with open_client(app) as client:
        assert (await client.get("/users/me")).status_code == 422
        router.add_api_route("/me", own)
        assert (await client.get("/users/me")).json() == "own"


async def test_own_method_beside_a_resources(database: Database, lane: str) -> None:
    """An own route takes its method only; the resource answers the others at the same path."""
    app = FastAPI()
    app.add_api_route("/teams/", own)
    mount(app, database, Resource(Team))
    app.add_api_route("/teams/", own, methods=["OPTIONS"])
    if lane == "session":
        use_sessions(app, database)
    async with open_client(app) as client:
        assert (await client.get("/teams/")).json() == "own"
        assert (await client.options("/teams/")).json() == "own"
        assert (await client.post("/teams/", json={"name": "Reds"})).status_code == 201
        answer = await client.put("/teams/")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST"


async def test_order_of_paths_with_parameters(database: Database) -> None:
    """Of a path with parameters and a resource's, the one that came first answers."""
    first, second = FastAPI(), FastAPI()
    for path in ("/teams/{name}", "/players/{rest:path}"):
        first.add_api_route(path, own)
    for app in (first, second):
        mount(app, database, Resource(Team), Resource(Player))
    for path in ("/teams/{name}", "/players/{rest:path}"):
        second.add_api_route(path, own)
    async with open_client(first) as client:
        assert (await client.get("/teams/1")).json() == "own"
        assert (await client.get("/players/1/2")).json() == "own"
        assert (await client.delete("/teams/1")).status_code == 404
    async with open_client(second) as client:
        assert (await client.get("/teams/1")).json()["code"] == "not_found"
        assert (await client.get("/players/1/2")).json() == "own"


async def test_key_with_a_slash(database: Database, lane: str) -> None:
    """A key may hold a slash, percent-encoded, unless the whole is a path that is spelt out."""
    app = FastAPI()
    mount(app, database, Resource(Country))
    app.add_api_route("/countries/a/c", own)
    if lane == "session":
        use_sessions(app, database)
    async with open_client(app) as client:
        for code in ("a/b", "a/c"):
            country = {"code": code, "name": code}
            assert (await client.post("/countries/", json=country)).status_code == 201
        assert (await client.get("/countries/a%2Fb")).json()["code"] == "a/b"
        assert (await client.get("/countries/a%2Fc")).json() == "own"


SEGMENTS = ("teams", "players", "1", "me", "stream", "bulk", "query", "m%65", "%31", "a%2Fb", "")
OWN = (
    "/teams/me",
    "/teams/",
    "/teams/{name}",
    "/teams/{id:int}",
    "/players/{rest:path}",
    "/teams/1/players",
    "/players/stream",
    "/{one}/{two}",
)
METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS")


@examples(50, quick=6)
@given(
    before=st.lists(st.sampled_from(OWN), max_size=3),
    after=st.lists(st.sampled_from(OWN), max_size=3),
    kind=st.sampled_from(["api", "router", "mount"]),
    requests=st.lists(
        st.tuples(
            st.sampled_from(METHODS),
            st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3),
            st.sampled_from(["", "/"]),
        ),
        max_size=25,
    ),
)
async def test_look_up_finds_what_the_router_finds(
    before: list[str], after: list[str], kind: str, requests: list[tuple[str, list[str], str]]
) -> None:
    """With the look-up of resources and without it, FastAPI's router answers the same."""
    async with AsyncExitStack() as stack:
        clients = []
        for has_look_up in (True, False):
            app, database = FastAPI(), Database("sqlite://")
            _add(app, before, kind)
            mount(app, database, Resource(Team, includes=["players"]), Resource(Player))
            _add(app, after, kind)
            if not has_look_up:
                app.router.middleware_stack = app.router.app
            await database.init_db()
            stack.push_async_callback(database.close_db)
            clients.append(await stack.enter_async_context(open_client(app)))
        for method, segments, end in requests:
            path = f"/{'/'.join(segments)}{end}"
            answers = [await client.request(method, path) for client in clients]
            first, second = [
                (a.status_code, a.headers.get("allow"), a.headers.get("location"), a.content)
                for a in answers
            ]
            assert first == second, (method, path)


def _add(app: FastAPI, paths: list[str], kind: str) -> None:
    router = APIRouter() if kind == "router" else app
    for path in paths:
        router.add_api_route(path, own)
    if isinstance(router, APIRouter):
        app.include_router(router)
    if kind == "mount":
        app.mount("/teams/me", PlainTextResponse("mounted"))
