"""Agents as guests of an application: who may come in, where, and beside what."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from mcp.client import Client
from mcp.shared.auth import ProtectedResourceMetadata

from examples.league import Player, Team, User
from modelwire import Caller, ConfigurationError, Cors, Database, Hooks, Mcp, Resource, mount
from modelwire.cli.agent import find_agents
from modelwire.web.agents.surface import Surface
from tests.access.models import Member
from tests.access.two_worlds.served import Worlds
from tests.conftest import LEAGUE, open_client
from tests.http.problems import read_problem
from tests.http.rows import store

from .agents import Agent, read_result

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
ACCEPT = {"accept": "application/json, text/event-stream"}
NAMED = "Bearer resource_metadata="
WHERE = "/.well-known/oauth-protected-resource"


async def post(
    app: FastAPI, headers: Mapping[str, str] | None = None, path: str = "/mcp", body: Any = None
) -> httpx2.Response:
    async with open_client(app) as client:
        answer: httpx2.Response = await client.post(
            path, json=LIST if body is None else body, headers={**ACCEPT, **(headers or {})}
        )
        return answer


async def get(app: FastAPI, path: str) -> httpx2.Response:
    async with open_client(app) as client:
        answer: httpx2.Response = await client.get(path)
        return answer


async def test_nobody_comes_in_without_saying_who(worlds: Worlds) -> None:
    """Without a caller not even the tools are listed; the 401 says where tokens come from."""
    app = worlds.full.apps["direct"]
    answer = await post(app)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "Who are you?"
    url = f"http://test{WHERE}/mcp"
    assert answer.headers["www-authenticate"] == f'{NAMED}"{url}"'
    for path in (f"{WHERE}/mcp", WHERE):
        document = (await get(app, path)).json()
        assert document == {"resource": "http://test/mcp", "bearer_methods_supported": ["header"]}
    for path in ("/mcp/resources", "/mcp/access"):
        assert (await get(app, path)).status_code == 401


async def test_where_tokens_come_from(database: Database) -> None:
    """The servers that give out tokens are named, in the form that the SDK's clients read."""

    def refuse() -> Member:
        challenge = 'Bearer realm="x", error="invalid_token"'
        raise HTTPException(401, "No", {"WWW-Authenticate": challenge, "X-Own": "1"})

    servers = ["https://login.example.com"]
    options = Mcp(authorization_servers=servers, url="https://api.example.com/v1/mcp")
    app = FastAPI()
    mount(app, database, caller=Caller(refuse), prefix="/v1", mcp=options)
    document = (await get(app, f"{WHERE}/v1/mcp")).json()
    read = ProtectedResourceMetadata.model_validate(document)
    assert str(read.resource) == "https://api.example.com/v1/mcp"
    assert [str(url).rstrip("/") for url in read.authorization_servers] == servers
    answer = await post(app, path="/v1/mcp")
    assert (answer.status_code, answer.headers["x-own"]) == (401, "1")
    where = f"https://api.example.com{WHERE}/v1/mcp"
    expected = f'Bearer realm="x", error="invalid_token", resource_metadata="{where}"'
    assert answer.headers["www-authenticate"] == expected


async def test_no_tokens_where_nobody_is_asked(database: Database) -> None:
    """Without callers there is no document, and no challenge."""
    app = FastAPI()
    mount(app, database, *LEAGUE, mcp=True)
    assert (await get(app, WHERE)).status_code == 404
    assert (await post(app)).status_code == 200


async def test_guards_of_the_mount(database: Database) -> None:
    """Dependencies of `mount` run before agents too, and before each of their requests."""

    def check(request: Request) -> None:
        if request.headers.get("x-key") != "right":
            raise HTTPException(403, "No key")

    app = FastAPI()
    mount(app, database, *LEAGUE, dependencies=[Depends(check)], mcp=True)
    assert (await post(app, {"x-key": "wrong"})).status_code == 403
    agent = Agent(app, {"x-key": "right"})
    assert (await agent.ask("query", resource="teams"))["items"] == []


async def test_what_stands_before_the_application(database: Database) -> None:
    """Middleware of the application sees each request of an agent, with its caller's headers; it is
    to be answered with what was committed last."""
    app, seen = FastAPI(), []

    @app.middleware("http")
    async def note(request: Request, call_next: Any) -> Any:
        headers = request.headers
        seen.append((request.url.path, headers["x-own"], headers.get("modelwire-position")))
        return await call_next(request)

    mount(app, database, *LEAGUE, mcp=True)
    await Agent(app, {"x-own": "7"}).ask("query", resource="teams")
    assert {own for _, own, _ in seen} == {"7"}
    assert ("/teams/query", "7", "latest") in seen


ORIGINS = [
    (None, 200),
    ("http://test", 200),
    ("https://app.example.com", 200),
    ("https://a.b.example.org", 200),
    ("https://evil.example.net", 403),
    ("null", 403),
]


@pytest.mark.parametrize(("origin", "status"), ORIGINS)
async def test_origins(database: Database, origin: str | None, status: int) -> None:
    """Pages of others can't ask, but for those that may use the application."""
    app = FastAPI()
    cors = Cors(["https://app.example.com", "https://*.example.org"])
    mount(app, database, *LEAGUE, cors=cors, mcp=True)
    headers = {} if origin is None else {"origin": origin}
    assert (await post(app, headers)).status_code == status
    modern = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list"}
    answer = await post(app, {**headers, **modern})
    assert (answer.status_code == 403) == (status == 403)


async def test_hosts(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads here and is none of the service's is refused (DNS rebinding)."""
    monkeypatch.setenv("MODELWIRE_ALLOWED_HOSTS", "*.example.com")
    database = Database(f"sqlite:///{tmp_path}/hosts.db")
    app = FastAPI()
    mount(app, database, *LEAGUE, mcp=True)
    read_problem(await post(app, {"host": "evil.example.net"}), 400, "unknown_host")
    assert (await post(app, {"host": "api.example.com:8000"})).status_code == 200
    await database.close_db()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_protocols(database: Database, mode: str) -> None:
    """Clients of the newest protocol are served, and those of the one with sessions."""
    app = FastAPI(title="League", version="7")
    mount(app, database, *LEAGUE, mcp=True)
    async with Agent(app, mode=mode).connect() as client:
        assert client.server_info is not None
        assert client.server_info.name == "League"
        assert "list_resources" in str(client.instructions)
        assert len((await client.list_tools()).tools) == 7


async def test_other_messages(database: Database) -> None:
    """A malformed message is refused as HTTP or the protocol defines it; nothing is 500."""
    app = FastAPI()
    mount(app, database, *LEAGUE, mcp=True, max_body_bytes=10_000)
    read_problem(await get(app, "/mcp"), 405, "method_not_allowed")
    read_problem(await post(app, body={"long": "x" * 20_000}), 413, "too_large")
    read_problem(await post(app, path="/mcp?a=b"), 422, "invalid")
    for body in ([], [LIST], {"jsonrpc": "1.0"}, {"jsonrpc": "2.0", "id": 1, "method": "x"}, "x"):
        for version in ("2025-11-25", "2026-07-28", "1999-01-01"):
            answer = await post(app, {"mcp-protocol-version": version}, body=body)
            assert answer.status_code < 500, answer.text


async def test_below_a_prefix_and_a_root(database: Database) -> None:
    """Agents are below the prefix of their mount, whatever a proxy has taken off before it."""
    app = FastAPI()
    mount(app, database, *LEAGUE, prefix="/v1", mcp=True)
    await store(database, Team(name="Red"))
    outer = FastAPI()
    outer.mount("/sub", app)
    for agent in (
        Agent(app, path="/v1/mcp"),
        Agent(app, path="/v1/mcp", root_path="/teams"),
        Agent(outer, path="/sub/v1/mcp"),
    ):
        found = await agent.ask("query", resource="teams")
        assert [row["name"] for row in found["items"]] == ["Red"]
        part = {"operation": "read", "resource": "teams", "key": 1}
        assert (await agent.ask("batch", requests=[part]))["responses"][0]["status"] == 200


async def test_below_a_path_with_parameters(database: Database) -> None:
    """Guards of a tool's request get the parameters before it, as those of the message do."""
    app, outer = FastAPI(), FastAPI()
    told: list[object] = []

    def check(request: Request) -> None:
        told.append(request.path_params.get("city"))

    mount(app, database, *LEAGUE, mcp=True, dependencies=[Depends(check)])
    outer.mount("/{city}", app)
    await store(database, Team(name="Red"))
    found = await Agent(outer, path="/Bonn/mcp").ask("query", resource="teams")
    assert [row["name"] for row in found["items"]] == ["Red"]
    assert len(told) > 1
    assert {*told} == {"Bonn"}


async def names(agent: Agent) -> list[str]:
    listed = await agent.ask("list_resources")
    return [resource["name"] for resource in listed["resources"]]


async def test_several_mounts(database: Database) -> None:
    """Each path has the resources that were mounted with it; a mount without any has all."""
    app = FastAPI()
    mount(app, database, Resource(User), mcp=True)
    mount(app, database, Resource(Team), health=None, mcp=True)
    mount(app, database, Resource(Player), prefix="/v2", mcp=True)
    mount(app, database, mcp=Mcp(path="/all"))
    assert await names(Agent(app)) == ["users", "teams"]
    assert await names(Agent(app, path="/v2/mcp")) == ["players"]
    assert await names(Agent(app, path="/all")) == ["users", "teams", "v2/players"]
    found = await Agent(app, path="/all").ask("query", resource="v2/players")
    assert found["items"] == []


async def test_resources_that_are_not_served_to_agents(database: Database) -> None:
    """A resource mounted without agents has no name among them, not in batches either."""
    app = FastAPI()
    mount(app, database, Resource(User))
    mount(app, database, Resource(Team), mcp=True)
    agent = Agent(app)
    assert await names(agent) == ["teams"]
    problem = await agent.refuse("query", resource="users")
    assert problem["code"] == "invalid_arguments"
    part = {"operation": "delete", "resource": "users", "key": 1}
    problem = await agent.refuse("batch", requests=[part])
    assert problem["code"] == "invalid_arguments"


async def test_beside_a_lifespan(database: Database) -> None:
    """The application's own lifespan runs as it did, and may run again."""
    ran = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, str]]:
        ran.append("up")
        yield {"own": "state"}
        ran.append("down")

    app = FastAPI(lifespan=lifespan)
    mount(app, database, *LEAGUE, mcp=True)
    for _ in range(2):
        async with app.router.lifespan_context(app):
            await Agent(app).ask("query", resource="teams")
    assert ran == ["up", "down"] * 2


async def test_beside_own_routes(database: Database) -> None:
    """A path that is taken is refused; others of the application's own stay."""
    app = FastAPI()
    router = APIRouter()

    @router.post("/mcp")
    async def own() -> str:
        return "own"

    app.include_router(router)
    with pytest.raises(ConfigurationError, match=r"POST /mcp is served already.*Mcp\(\)"):
        mount(app, database, *LEAGUE, mcp=True)


OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"path": "mcp"}, "a path that starts with a slash"),
    ({"path": "/"}, "a path that starts with a slash"),
    ({"path": "/{x}"}, "a path that starts with a slash"),
    ({"authorization_servers": "https://a.example.com"}, "a list of URLs"),
    ({"authorization_servers": ["a.example.com"]}, "a list of URLs"),
    ({"url": "mcp"}, "a URL"),
    ({"max_answer_bytes": 10}, "a number of bytes from 4096 on"),
]


@pytest.mark.parametrize(("options", "expected"), OPTIONS)
def test_wrong_options(options: dict[str, Any], expected: str) -> None:
    """An impossible option is refused where it is written."""
    with pytest.raises(ConfigurationError, match=expected):
        Mcp(**options)


async def test_wrong_arguments_of_mount(database: Database) -> None:
    """So is what is no option, and options that differ at one path."""
    with pytest.raises(ConfigurationError, match=r"mount\(mcp=…\): 'yes' should be True, False"):
        mount(FastAPI(), database, *LEAGUE, mcp="yes")  # type: ignore[arg-type]
    app = FastAPI()
    mount(app, database, Resource(User), mcp=True)
    with pytest.raises(ConfigurationError, match="an earlier mount of this application has other"):
        mount(app, database, Resource(Team), mcp=Mcp(max_answer_bytes=5_000))


@dataclass
class Waiting:
    """An application whose writes to teams wait for ever.

    Args:
        app: The application.
        begun: Whether one has begun.
        ended: Whether it has ended.
    """

    app: FastAPI = field(default_factory=FastAPI)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, _change: Any) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    async def give_up(self, call: asyncio.Task[Any]) -> None:
        """Give a call up once it has begun, and wait until it has ended."""
        async with asyncio.timeout(60):
            await self.begun.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await self.ended.wait()


@pytest.fixture
def waiting(database: Database) -> Waiting:
    """An application whose writes to teams wait for ever."""
    made = Waiting()
    teams = Resource(Team, hooks=Hooks(after_create=[made.wait]))
    mount(made.app, database, teams, mcp=True)
    return made


TEAM = {"resource": "teams", "operation": "create", "values": {"name": "Red"}}


async def test_calls_that_are_given_up(waiting: Waiting) -> None:
    """A call whose client has gone ends what it had begun, and stores nothing."""
    agent = Agent(waiting.app)
    await waiting.give_up(asyncio.ensure_future(agent.call("write", **TEAM)))
    assert (await agent.ask("query", resource="teams"))["items"] == []


async def test_calls_that_are_cancelled(waiting: Waiting) -> None:
    """So does one that is cancelled on a connection that goes on, as over standard input."""
    agents = find_agents(waiting.app)
    surface = Surface.alone(waiting.app, "localhost", ())
    async with Client(agents.make_server(lambda _: surface), mode="legacy") as client:
        await waiting.give_up(asyncio.ensure_future(client.call_tool("write", TEAM)))
        found = read_result(await client.call_tool("query", {"resource": "teams"}))
    assert found.value["items"] == []


async def test_faults_are_logged(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """An internal fault is reported as over HTTP, and logged."""

    def fail(_change: Any) -> None:
        raise ZeroDivisionError("secret")

    app = FastAPI()
    mount(app, database, Resource(Team, hooks=Hooks(before_create=[fail])), mcp=True)
    team = {"resource": "teams", "operation": "create", "values": {"name": "Red"}}
    with caplog.at_level(logging.ERROR):
        problem = await Agent(app).refuse("write", **team)
    assert (problem["status"], "secret" in json.dumps(problem)) == (500, False)
    assert "ZeroDivisionError" in caplog.text
