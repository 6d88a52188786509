"""The path of batches, and their documentation."""

from typing import Annotated, Any, NamedTuple

import httpx2
import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, Request

from examples import league
from modelwire import Caller, ConfigurationError, Database, Policy, Resource, everyone, mount
from tests.conftest import LEAGUE, open_client
from tests.http.problems import count_rows, read_problem

from .sending import ref, request, send, succeed

pytestmark = pytest.mark.both_lanes

USERS, *OTHERS = LEAGUE


class Member(NamedTuple):
    name: str
    city: str


async def post(client: httpx2.AsyncClient, path: str, *requests: Any) -> httpx2.Response:
    return await client.post(path, json={"requests": requests})


async def test_left_out(database: Database) -> None:
    app = FastAPI()
    mount(app, database, *LEAGUE, batch=None)
    async with open_client(app) as client:
        assert (await post(client, "/batch")).status_code == 404
    assert "/batch" not in app.openapi()["paths"]


async def test_elsewhere_and_below_a_prefix(database: Database) -> None:
    """Paths of requests are whole ones, as by themselves."""
    app = FastAPI()
    mount(app, database, *LEAGUE, prefix="/api/v1", batch="/all")
    async with open_client(app) as client:
        answer = await post(client, "/api/v1/all", request("POST", "/api/v1/teams/", {"name": "x"}))
        (made,) = answer.json()["responses"]
        assert made["headers"]["Location"] == f"/api/v1/teams/{made['body']['id']}"
        answer = await post(client, "/api/v1/all", request("GET", "/teams/"))
        read_problem(answer, 404, "no_such_path")


async def test_below_a_root_path(database: Database) -> None:
    """Paths are what the client sees, or what the application does."""
    app, outer = FastAPI(), FastAPI()
    mount(app, database, *LEAGUE)
    outer.mount("/inner", app)
    async with open_client(outer) as client:
        for start in ("/inner", ""):
            answer = await post(
                client, "/inner/batch", request("POST", f"{start}/teams/", {"name": f"x{start}"})
            )
            (made,) = answer.json()["responses"]
            assert made["headers"]["Location"] == f"/inner/teams/{made['body']['id']}"


async def test_below_a_path_with_parameters(database: Database) -> None:
    """Guards of a request in a batch get the parameters before it, as in a single request."""
    app, outer = FastAPI(), FastAPI()

    def check(request: Request) -> None:
        if request.path_params.get("city") != "Bonn":
            raise HTTPException(403)

    mount(app, database, Resource(league.Team, dependencies=[Depends(check)]))
    outer.mount("/{city}", app)
    async with open_client(outer) as client:
        for city, status in (("Bonn", 200), ("Ulm", 403)):
            assert (await client.get(f"/{city}/teams/")).status_code == status
            for path in ("/teams/", f"/{city}/teams/"):
                answer = await post(client, f"/{city}/batch", request("GET", path))
                assert answer.status_code == status, answer.text


async def test_resources_of_every_mount(database: Database) -> None:
    """One batch writes to all of them, and refers from one to another."""
    app = FastAPI()
    mount(app, database, USERS, batch=None)
    mount(app, database, *OTHERS, prefix="/more")
    async with open_client(app) as client:
        answer = await post(
            client,
            "/more/batch",
            request("POST", "/users/", {"username": "ann", "email": "ann@example.org"}),
            request("POST", "/more/teams/", {"name": ref("0.username")}),
        )
        assert answer.json()["responses"][1]["body"]["name"] == "ann"


async def test_callers_of_every_mount(database: Database) -> None:
    """Policies of a mount compare with the caller of its own requests."""

    def read_member(x_name: Annotated[str, Header()], x_city: Annotated[str, Header()]) -> Member:
        return Member(name=x_name, city=x_city)

    me = Caller(read_member, key="name")
    app = FastAPI()
    own_users = Policy(read=league.User.username == me.name, create=everyone)
    own_teams = Policy(read=league.Team.city == me.city, create=everyone)
    mount(app, database, Resource(league.User, policy=own_users), caller=me, prefix="/a")
    mount(app, database, Resource(league.Team, policy=own_teams), caller=me, prefix="/b")
    async with open_client(app) as client:
        client.headers.update({"x-name": "ann", "x-city": "Bonn"})
        requests = [
            *(request("POST", "/a/users/", {"username": n, "email": n}) for n in ("ann", "bo")),
            *(request("POST", "/b/teams/", {"name": c, "city": c}) for c in ("Bonn", "Ulm")),
            request("GET", "/a/users/"),
            request("GET", "/b/teams/"),
        ]
        for path in ("/a/batch", "/b/batch"):
            answer = await post(client, path, *requests[(0 if path == "/a/batch" else 4) :])
            *_, users, teams = answer.json()["responses"]
            assert [row["username"] for row in users["body"]["items"]] == ["ann"]
            assert [row["city"] for row in teams["body"]["items"]] == ["Bonn"]


async def test_two_mounts_with_one_path(database: Database) -> None:
    """There is one path for batches then, which serves both."""
    app = FastAPI()
    mount(app, database, USERS)
    mount(app, database, *OTHERS)
    async with open_client(app) as client:
        await succeed(client, request("GET", "/users/"), request("GET", "/teams/"))


async def test_a_path_that_is_taken(database: Database) -> None:
    """A path that the application uses itself is left to it."""
    app = FastAPI()

    @app.post("/batch")
    def own() -> str:
        return "own"

    mount(app, database, *LEAGUE)
    async with open_client(app) as client:
        assert (await client.post("/batch", json={})).json() == "own"


async def test_a_resource_there(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """The resource stays what it is, and a warning is logged."""
    app = FastAPI()
    mount(app, database, Resource(league.Team, path="/batch"))
    assert "Batches are not served: POST /batch is a resource's" in caplog.text
    async with open_client(app) as client:
        assert (await client.post("/batch", json={"name": "x"})).status_code == 201


@pytest.mark.parametrize("path", ["batch", "", "/{id}", 1, "/a b"])
def test_what_is_no_path(path: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"mount\(batch=…\)"):
        mount(FastAPI(), Database("sqlite://"), *LEAGUE, batch=path)


async def test_what_guards_all_guards_batches(database: Database) -> None:
    def refuse() -> None:
        raise HTTPException(401)

    app = FastAPI()
    mount(app, database, *LEAGUE, dependencies=[Depends(refuse)])
    async with open_client(app) as client:
        assert (await post(client, "/batch")).status_code == 401


async def test_a_guard_of_one_row_is_asked_with_it(database: Database) -> None:
    """One that takes the key of a path can't be asked of a batch, and is of its requests."""

    def even(id: int = 0) -> None:  # noqa: A002
        if id % 2:
            raise HTTPException(403)

    app = FastAPI()
    mount(app, database, Resource(league.User), dependencies=[Depends(even)])
    async with open_client(app) as client:
        assert (await post(client, "/batch", request("GET", "/users/1"))).status_code == 403
        assert (await post(client, "/batch", request("GET", "/users/2"))).status_code == 404


async def test_own_handlers_of_errors(database: Database) -> None:
    """Exception handlers of the application also answer requests of batches."""
    app = FastAPI()

    def teapot() -> None:
        raise HTTPException(418)

    mount(app, database, Resource(league.User, operation_dependencies={"read": [Depends(teapot)]}))

    @app.exception_handler(HTTPException)
    async def answer(_request: Any, error: HTTPException) -> Any:
        from starlette.responses import PlainTextResponse  # noqa: PLC0415

        return PlainTextResponse("own", error.status_code)

    async with open_client(app) as client:
        answer_ = await post(client, "/batch", request("GET", "/users/1"))
        assert (answer_.status_code, answer_.text) == (418, "own")


async def test_document(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/batch"]["post"]
    assert operation["operationId"] == "batch"
    assert {"200", "400", "404", "412", "422", "default"} <= set(operation["responses"])
    schema = document["components"]["schemas"]["Batch"]
    assert schema["properties"]["requests"]["maxItems"] == 100
    assert await count_rows(client, "/teams/") == 0


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELWIRE_MAX_BATCH_REQUESTS", "2")


async def test_setting(small: None, tmp_path: Any) -> None:
    database = Database(f"sqlite:///{tmp_path}/small.db")
    await database.init_db()
    app = FastAPI()
    mount(app, database, *LEAGUE)
    async with open_client(app) as client:
        one = request("GET", "/teams/")
        assert (await send(client, one, one)).status_code == 200
        read_problem(await send(client, one, one, one), 413, "too_large")
    await database.close_db()
