"""Applications that generated clients ask, each served on a port of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from examples import invoices
from modelwire import Database
from tests.conftest import LEAGUE, PATIENT, MakeURL, make_app
from tests.live.conftest import serve_app

from . import workshop
from .tools import DEADLINE_S, environment


def make_league(database: Database) -> FastAPI:
    """Make the league."""
    return make_app(database, "direct", LEAGUE, {})


APPLICATIONS: dict[str, Any] = {
    "league": (make_league, None),
    "invoices": (invoices.create_app, invoices.Table.metadata),
    "workshop": (workshop.create_app, workshop.WorkshopTable.metadata),
}
"""Factory of each application, and the metadata of its tables where that is its own."""


@asynccontextmanager
async def open_application(name: str, dialect: str, make_url: MakeURL) -> AsyncIterator[str]:
    """Serve an application with an empty database; yields its URL."""
    make, metadata = APPLICATIONS[name]
    url = await make_url(dialect, f"clients_{name}")
    database = Database(url, **PATIENT, **({} if metadata is None else {"metadata": metadata}))
    app = make(database)
    await database.init_db()
    try:
        async with serve_app(app) as port:
            yield f"http://127.0.0.1:{port}"
    finally:
        await database.close_db()


async def run_program(*command: str, directory: Path) -> str:
    """Run a program that asks a server of this process; it must succeed. Gives what it prints."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=directory,
        env=environment(directory),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode()
    return output.decode()


class Told(NamedTuple):
    """A request that the unreliable server was sent."""

    method: str
    path: str
    key: str | None


class Unreliable:
    """A server that has teams, and is away now and then: as what it is asked about says."""

    def __init__(self) -> None:
        self._told: list[Told] = []
        self._counts: dict[str, int] = {}
        self.app = FastAPI()
        self.app.add_api_route("/told", self.tell)
        self.app.add_api_route("/teams/", self.create, methods=["POST"], response_model=None)
        self.app.add_api_route("/teams/{key}", self.read, response_model=None)
        self.app.add_api_route("/teams/{key}", self.delete, methods=["DELETE"], response_model=None)

    async def tell(self) -> list[dict[str, str | None]]:
        """Tell what was asked since this was asked last."""
        told, self._told = self._told, []
        return [each._asdict() for each in told]

    async def create(self, request: Request) -> Response:
        """Store a team, whose number is how often it was sent."""
        name = (await request.json())["name"]
        number = self._count(request, name)
        if name == "Lost" and number == 1:
            return _Lost()
        if name == "Unknown outcome" and number == 1:
            return away("unknown_outcome")
        if name == "Twice away" and number < 3:
            return away()
        return JSONResponse({"id": number, "name": name, "city": None}, 201)

    async def read(self, request: Request, key: int) -> Response:
        """Read a team."""
        number = self._count(request, f"read {key}")
        if key == 10:
            return Response("<p>I am a teapot", 418, media_type="text/html")
        if key == 9 or number < 3:
            return away(seconds=40 if key == 9 else 0)
        return JSONResponse({"id": number, "name": "Red", "city": None, "players": []})

    async def delete(self, request: Request, key: int) -> Response:
        """Delete a team, perhaps."""
        self._count(request, f"delete {key}")
        return _Lost() if key == 8 else away("unknown_outcome")

    def _count(self, request: Request, name: str) -> int:
        key = request.headers.get("idempotency-key")
        self._told.append(Told(request.method, request.url.path, key))
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._counts[name]


def away(code: str = "unavailable", seconds: int = 0) -> Response:
    """Say that the service is away."""
    return JSONResponse(
        {"type": f"urn:modelwire:{code}", "title": "Away", "status": 503, "code": code},
        503,
        {"Retry-After": str(seconds), "Content-Type": "application/problem+json"},
    )


class _Lost(Response):
    """An answer in whose middle the connection is lost."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        head = [(b"content-type", b"application/json"), (b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 201, "headers": head})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionAbortedError
