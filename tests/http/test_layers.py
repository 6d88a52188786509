"""FastAPI's layers, and what the user adds to them: requests for resources go through all of it."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from examples.league import Team
from modelwire import Database, Resource, mount
from tests.conftest import MakeClient, open_client, use_sessions

TEAM = {"name": "Reds"}


class Marking:
    """A layer that says that an answer has gone through it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-mark", b"seen"))
            await send(message)

        await self.app(scope, receive, send_marked)


class LayeredApp(FastAPI):
    """An application that builds its layers itself."""

    def build_middleware_stack(self) -> ASGIApp:
        return Marking(super().build_middleware_stack())


def serve(app: FastAPI, database: Database, lane: str) -> FastAPI:
    mount(app, database, Resource(Team))
    if lane == "session":
        use_sessions(app, database)
    return app


@pytest.mark.parametrize("added", ["middleware", "subclass", "before", "after"])
async def test_added_layer(database: Database, lane: str, added: str) -> None:
    """A layer of the user's sees every request, whenever it was added."""
    app = LayeredApp() if added == "subclass" else FastAPI()
    if added == "middleware":
        app.add_middleware(Marking)
    build = app.build_middleware_stack
    if added == "before":
        app.build_middleware_stack = lambda: Marking(build())  # type: ignore[method-assign]
    serve(app, database, lane)
    if added == "after":
        built = app.build_middleware_stack
        app.build_middleware_stack = lambda: Marking(built())  # type: ignore[method-assign]
    async with open_client(app) as client:
        for path in ("/teams/", "/teams/nope"):
            assert (await client.get(path)).headers["x-mark"] == "seen"


@pytest.mark.parametrize("path", ["/teams/1", "/{rest:path}"])
async def test_own_route_before(database: Database, lane: str, path: str) -> None:
    """A route of the user's that stands before the resources is asked before them."""
    app = FastAPI()

    async def own() -> str:
        return "own"

    app.add_api_route(path, own)
    async with open_client(serve(app, database, lane)) as client:
        assert (await client.get("/teams/1")).json() == "own"
        assert (await client.post("/teams/", json=TEAM)).status_code == 201


@pytest.mark.skipif(
    "max_body_size" not in inspect.signature(FastAPI).parameters,
    reason="FastAPI before 0.160 has no limit of its own",
)
async def test_limit_of_the_application(database: Database, lane: str) -> None:
    """FastAPI's own limits apply to resources too."""
    options: dict[str, Any] = {"max_body_size": 10}
    async with open_client(serve(FastAPI(**options), database, lane)) as client:
        assert (await client.post("/teams/", json=TEAM)).status_code == 413
        assert (await client.get("/teams/")).json()["items"] == []


async def _read_whole(request: Request) -> None:
    await request.body()


async def _read_parts(request: Request, response: Response) -> None:
    response.headers["x-bytes"] = str(len(await request.body()))


@pytest.mark.parametrize("dependency", [_read_whole, _read_parts])
async def test_body_that_a_dependency_has_read(
    make_client: MakeClient, dependency: Callable[..., Any]
) -> None:
    """A dependency may read the body, which is there for the endpoint all the same."""
    client = await make_client(Resource(Team, dependencies=[Depends(dependency)]))
    answer = await client.post("/teams/", json=TEAM)
    assert answer.json()["name"] == "Reds"
