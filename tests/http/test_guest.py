"""An application keeps what it has of FastAPI's when resources are mounted on it."""

from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from examples.league import Team, User
from modelwire import ConfigurationError, Database, Resource, SessionDep, get_session, mount
from tests.conftest import open_client, use_sessions
from tests.http.problems import read_problem
from tests.zoo import Group, Person

ORIGIN = {"origin": "https://site.example"}
BOUND = {"prefer": "max-affected=10"}


class Broken(Exception):
    """Error of the application's own code."""


def serve(database: Database, lane: str, *resources: Resource, **options: Any) -> FastAPI:
    app = FastAPI()
    mount(app, database, *resources, **options)
    if lane == "session":
        use_sessions(app, database)
    return app


async def _break() -> None:
    raise Broken


@pytest.mark.parametrize("is_first", [True, False])
async def test_unexpected_error_passes_middleware(
    database: Database, lane: str, is_first: bool
) -> None:
    """An own endpoint's 500 has the headers of middleware, whenever that was added."""
    app = FastAPI()
    if is_first:
        app.add_middleware(CORSMiddleware, allow_origins=["*"])
    mount(app, database, Resource(Team))
    if not is_first:
        app.add_middleware(CORSMiddleware, allow_origins=["*"])
    app.add_api_route("/broken", _break)
    async with open_client(app) as client:
        answer = await client.get("/broken", headers=ORIGIN)
    assert read_problem(answer, 500, "unexpected_error")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-request-id"]


def test_unexpected_error_goes_on(database: Database) -> None:
    """It reaches servers and test clients too, once it was answered."""
    app = FastAPI()
    mount(app, database, Resource(Team))
    app.add_api_route("/broken", _break)
    with pytest.raises(Broken):
        TestClient(app).get("/broken")


async def test_error_in_middleware(database: Database) -> None:
    """An error in middleware is answered with a problem and the request's id too."""
    app = FastAPI()
    mount(app, database, Resource(Team))

    @app.middleware("http")
    async def refuse(request: Request, call_next: Any) -> Response:
        raise Broken

    async with open_client(app) as client:
        answer = await client.get("/teams/", headers={"x-request-id": "given-1"})
    assert read_problem(answer, 500, "unexpected_error")
    assert answer.headers["x-request-id"] == "given-1"


@pytest.mark.parametrize("key", [Exception, 500, Broken])
@pytest.mark.parametrize("is_first", [True, False])
async def test_own_handler_for_unexpected_errors(
    database: Database, lane: str, key: Any, is_first: bool
) -> None:
    """An application's own handler answers what generated endpoints raise, once."""
    app, handled = FastAPI(), []

    async def handle(request: Request, error: Exception) -> Response:
        handled.append(type(error))
        return PlainTextResponse("own", 500)

    if is_first:
        app.add_exception_handler(key, handle)
    mount(app, database, Resource(Team))
    if not is_first:
        app.add_exception_handler(key, handle)
    app.add_api_route("/broken", _break)

    async def give_broken() -> None:
        raise Broken

    app.dependency_overrides[get_session] = give_broken
    async with open_client(app) as client:
        for path in ("/teams/", "/broken"):
            answer = await client.get(path)
            assert (answer.status_code, answer.text) == (500, "own"), path
            assert (await client.get("/nowhere")).status_code == 404
    assert handled == [Broken, Broken]


async def test_mounting_twice(database: Database, lane: str) -> None:
    """Each mount keeps its own options, in errors of the application's own endpoints too."""
    app = FastAPI()
    mount(app, database, Resource(User), prefix="/one", conflict_status=400)
    mount(app, database, Resource(Team), prefix="/two", conflict_status=409, max_body_bytes=60)
    if lane == "session":
        use_sessions(app, database)

    @app.post("/own/{kind}")
    async def create(kind: str, session: SessionDep) -> None:
        made = Team(name="Reds") if kind == "team" else User(username="ann", email="other@test")
        session.add(made)
        await session.commit()

    user, team = {"username": "ann", "email": "ann@test"}, {"name": "Reds"}
    async with open_client(app) as client:
        for path, body in (("/one/users/", user), ("/two/teams/", team)):
            assert (await client.post(path, json=body)).status_code == 201
        for path, status, detail in (
            ("/one/users/", 400, "Username already exists"),
            ("/own/user", 400, "Username already exists"),
            ("/two/teams/", 409, "Name already exists"),
            ("/own/team", 409, "Name already exists"),
        ):
            other = {**user, "email": "other@test"} if "user" in path else team
            answer = await client.post(path, json=other)
            assert read_problem(answer, status, "already_exists")["detail"] == detail, path
        long = {"name": "x" * 80}
        assert (await client.post("/two/teams/", json=long)).status_code == 413
        paths = (await client.get("/openapi.json")).json()["paths"]
        assert {"/one/users/", "/two/teams/", "/health"} <= set(paths)


def test_contradictions_of_mounts(database: Database) -> None:
    """Mounts that can't both hold are refused, with what to write."""
    app = FastAPI()
    mount(app, database, Resource(User))
    with pytest.raises(ConfigurationError, match="another database already"):
        mount(app, Database("sqlite://"), Resource(Team))
    with pytest.raises(ConfigurationError, match="give both the same"):
        mount(app, database, Resource(Team), offline_docs=False)
    with pytest.raises(ConfigurationError, match="GET /users/ is served already"):
        mount(app, database, Resource(Team, path="/users"), prefix="/")


async def test_mounting_too_late(database: Database) -> None:
    """An application that has answered a request can't be mounted on."""
    app = FastAPI()
    async with open_client(app) as client:
        await client.get("/")
    with pytest.raises(ConfigurationError, match="before its first request"):
        mount(app, database, Resource(User))


async def test_route_class_of_the_application(database: Database, lane: str) -> None:
    """A router's own class of routes has its say over the routes of resources too."""

    class Marked(APIRoute):
        def get_route_handler(self) -> Any:
            handle = super().get_route_handler()

            async def handle_marked(request: Request) -> Response:
                answer: Response = await handle(request)
                answer.headers["x-mark"] = self.path
                return answer

            return handle_marked

    app = FastAPI()
    app.router.route_class = Marked
    mount(app, database, Resource(Team))
    if lane == "session":
        use_sessions(app, database)
    async with open_client(app) as client:
        answer = await client.post("/teams/", json={"name": "Reds"})
        assert (answer.status_code, answer.headers["x-mark"]) == (201, "/teams/")
        assert (await client.get("/teams/1")).headers["x-mark"] == "/teams/{id}"


async def test_paths_of_routes(database: Database, lane: str, tmp_path: Any) -> None:
    """`url_for` finds own routes, what is mounted, and the routes of resources."""
    app = serve(database, lane, Resource(Group, includes=["members"]), Resource(Person))
    app.mount("/static", StaticFiles(directory=tmp_path), name="static")

    @app.get("/own/{name}", name="own")
    async def own(name: str, request: Request) -> list[str]:
        return [
            str(request.url_for("own", name="ann")),
            str(request.url_for("static", path="x.css")),
            str(request.url_for("health")),
        ]

    async with open_client(app) as client:
        assert (await client.get("/own/x")).json() == [
            "http://test/own/ann",
            "http://test/static/x.css",
            "http://test/health",
        ]
    found = [r for r in app.routes if getattr(r, "path", "").startswith("/groups")]
    assert found
    for route in found:
        names = route.param_convertors  # type: ignore[attr-defined]
        path = app.url_path_for(route.name, **dict.fromkeys(names, "a/b"))  # type: ignore[attr-defined]
        assert path == route.path_format.replace("{id}", "a%2Fb").replace("{members_id}", "a%2Fb")  # type: ignore[attr-defined]


async def test_unknown_path_in_a_mounted_application(database: Database, lane: str) -> None:
    """It is no path there either; what an endpoint there does not find is its own affair."""
    outer = FastAPI()
    inner = serve(database, lane, Resource(Team))

    @inner.get("/own")
    async def own() -> None:
        raise HTTPException(404)

    outer.mount("/inner", inner)
    async with open_client(outer) as client:
        assert read_problem(await client.get("/inner/nowhere"), 404, "no_such_path")
        assert (await client.get("/inner/own")).json()["code"] == "not_found"
        assert (await client.get("/inner/teams/")).json()["items"] == []


async def test_application_mounted_on_another(database: Database, lane: str) -> None:
    """Two applications with resources, one mounted on the other, each find their own."""
    outer, inner = serve(database, lane, Resource(User)), serve(database, lane, Resource(Team))
    outer.mount("/inner", inner)
    async with open_client(outer) as client:
        assert (await client.get("/users/")).json()["items"] == []
        assert (await client.get("/inner/teams/")).json()["items"] == []
        assert read_problem(await client.get("/inner/users/"), 404, "no_such_path")
