"""Clients that never read their answers, or read them slowly: what they may hold, and how long."""

import asyncio
import gc
import re
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from fastapi import FastAPI
from sqlalchemy import insert
from starlette.responses import Response, StreamingResponse

from examples.league import Player, Team
from modelwire import Database
from tests.lanes import DIALECTS
from tests.live.conftest import eventually, serve_app

from .conftest import Figure, OpenDatabase
from .servers import Postgres, Service, serving
from .slow import make_league_app, read_slowly

TIMEOUT_S = 1.5
CLIENTS = 10
PLAYERS = 60_000
"""As many as the kernel keeps no answer of: it takes some MB for each connection."""

MANY = {"MODELWIRE_MAX_INCLUDED": "100000"}
LONG = "x" * 90


async def fill(database: Database, players: int) -> None:
    """Store players of one team, with names as long as they may be."""
    async with database.engine.begin() as connection:
        await connection.execute(insert(Team), [{"id": 1, "name": "Red"}])
        rows = [{"name": f"{i}{LONG}", "team_id": 1} for i in range(players)]
        await connection.execute(insert(Player), rows)


@pytest.fixture(params=DIALECTS)
async def url(request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres) -> Any:
    """A database with many players of one team."""
    found = f"sqlite:///{tmp_path}/slow.db" if request.param == "sqlite" else postgres.url
    database = Database(found)
    await database.init_db()
    await fill(database, PLAYERS)
    yield found
    async with database.engine.begin() as connection:
        models: tuple[Any, ...] = (Player, Team)
        for model in models:
            await connection.run_sync(model.__table__.drop)
    await database.close_db()


def connections_of(service: Service) -> int:
    """The connections that a server has with clients."""
    (process,) = service.workers
    return sum(
        found.status == "ESTABLISHED" and found.laddr.port == service.port
        for found in process.net_connections()
    )


def rss_of(service: Service) -> float:
    """The memory that a server takes, in MB."""
    (process,) = service.workers
    return float(process.memory_info().rss) / 1e6


@pytest.mark.parametrize(
    "path", ["/teams/1", "/players/stream/", "/players/stream/?include=team&format=csv"]
)
async def test_clients_that_never_read(url: str, path: str, figure: Figure) -> None:
    """Clients that never read are cut off, and what they have held is given back."""
    with serving(url, MODELWIRE_SEND_TIMEOUT_S=str(TIMEOUT_S), **MANY) as service:
        async with httpx2.AsyncClient(base_url=service.address, timeout=30) as client:
            size_mb = len((await client.get(path)).content) / 1e6
        assert size_mb > 6
        peaks, writers, before = [], [], rss_of(service)
        for _ in range(3):
            writers += [await read_slowly(service.port, path) for _ in range(CLIENTS)]
            begun, held = time.monotonic(), 0.0
            while connections_of(service) > 1:
                held = max(held, rss_of(service) - before)
                assert time.monotonic() - begun < 30, connections_of(service)
                await asyncio.sleep(0.02)
            figure("seconds until all are cut off", time.monotonic() - begun)
            peaks.append(held)
        figure("MB held by ten clients at most", max(peaks))
        figure("MB of one answer", size_mb)
        # Three rounds hold no more than one: a whole answer for each, or of a stream a part, beside
        # what making one takes.
        most = CLIENTS * size_mb * 2 if path == "/teams/1" else CLIENTS * 1.5
        assert max(peaks) < most + 20, peaks
        for writer in writers:
            writer.transport.abort()


async def test_bytes_that_are_left(url: str) -> None:
    """Nor do the last bytes of an answer stay, where its connection closes behind it."""
    with serving(url, MODELWIRE_SEND_TIMEOUT_S=str(TIMEOUT_S), **MANY) as service:
        made = socket.create_connection(("127.0.0.1", service.port))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        head = "GET /players/?limit=100 HTTP/1.1\r\nHost: localhost\r\n"
        made.sendall((f"{head}\r\n" * 400 + f"{head}Connection: close\r\n\r\n").encode())
        await eventually(lambda: connections_of(service) == 1, within_s=60)
        await eventually(lambda: connections_of(service) == 0, within_s=30)
        made.close()


async def read_steadily(port: int, path: str, bytes_: int, pause_s: float) -> int:
    """Read an answer a little at a time; returns how many bytes it has."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, bytes_)
    made.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(made, ("127.0.0.1", port))
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    await loop.sock_sendall(made, request.encode())
    size = 0
    with made, suppress(ConnectionResetError):
        while data := await loop.sock_recv(made, bytes_):
            size += len(data)
            await asyncio.sleep(pause_s)
    return size


@pytest.mark.parametrize("path", ["/teams/1", "/players/stream/"])
async def test_slow_client_that_goes_on(url: str, path: str) -> None:
    """A client that takes several times as long as the limit, but goes on, gets all of it."""
    with serving(url, MODELWIRE_SEND_TIMEOUT_S="1", **MANY) as service:
        async with httpx2.AsyncClient(base_url=service.address, timeout=30) as client:
            size = len((await client.get(path)).content)
        begun = time.monotonic()
        assert await read_steadily(service.port, path, 65_536, pause_s=0.1) >= size
        assert time.monotonic() - begun > 2


@pytest.mark.parametrize("path", ["/teams/1", "/players/stream/"])
async def test_client_that_takes_drops(url: str, path: str) -> None:
    """A client that takes a few bytes at a time, so that it always takes some, is cut off too."""
    with serving(url, MODELWIRE_SEND_TIMEOUT_S="0.5", **MANY) as service:
        begun = time.monotonic()
        size = await read_steadily(service.port, path, 1024, pause_s=0.05)
        assert time.monotonic() - begun < 20
        assert size < 3_000_000
        await eventually(lambda: connections_of(service) == 0, within_s=60)


# ---- any other server ---------------------------------------------------------------------------


def pending(app: FastAPI) -> int:
    """Return the number of requests that an application is answering."""
    return sum(
        not task.done() and "run_asgi" in repr(task.get_coro()) for task in asyncio.all_tasks()
    )


@pytest.mark.parametrize("path", ["/teams/1", "/players/stream/"])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_under_another_server(
    open_database: OpenDatabase,
    lane: str,
    dialect: str,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Under any server a client that never reads is given up on: its answer is broken off."""
    monkeypatch.setenv("MODELWIRE_SEND_TIMEOUT_S", "0.5")
    monkeypatch.setenv("MODELWIRE_MAX_INCLUDED", "100000")
    database = open_database(dialect)
    await fill(database, PLAYERS)
    app = make_league_app(database, lane)
    async with serve_app(app) as port:
        writers = []
        for _ in range(3):
            writers.append(await read_slowly(port, path))
            assert pending(app) > 0
        await eventually(lambda: pending(app) == 0, within_s=60)
        gc.collect()
        held = sum(writer.transport.get_write_buffer_size() for writer in writers)
        assert held == 0
        for writer in writers:
            writer.transport.abort()


@pytest.mark.parametrize("path", ["/teams/1", "/players/stream/"])
async def test_answer_that_was_given_up(
    open_database: OpenDatabase, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that reads on after it was given up on sees that its answer is not whole."""
    monkeypatch.setenv("MODELWIRE_SEND_TIMEOUT_S", "0.5")
    monkeypatch.setenv("MODELWIRE_MAX_INCLUDED", "100000")
    database = open_database("sqlite")
    await fill(database, PLAYERS)
    app = make_league_app(database, "direct")
    async with serve_app(app) as port:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(made, ("127.0.0.1", port))
        await loop.sock_sendall(made, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await asyncio.sleep(0.3)
        await eventually(lambda: pending(app) == 0, within_s=60)
        answer = b""
        with made, suppress(ConnectionError):
            while data := await loop.sock_recv(made, 65_536):
                answer += data
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        announced = re.search(rb"content-length: (\d+)", head)
        if announced is None:
            assert not body.endswith(b"0\r\n\r\n")
        else:
            assert len(body) < int(announced[1])


async def test_own_endpoints(tmp_path: Path) -> None:
    """Under `modelwire serve` the limit holds for endpoints of the application's own too."""
    (tmp_path / "own.py").write_text(OWN)
    with serving(
        f"sqlite:///{tmp_path}/own.db",
        MODELWIRE_SEND_TIMEOUT_S=str(TIMEOUT_S),
        target=str(tmp_path / "own.py"),
    ) as service:
        before = rss_of(service)
        for path in ("/whole", "/parts"):
            writers = [await read_slowly(service.port, path) for _ in range(4)]
            await eventually(lambda: connections_of(service) == 0, within_s=30)
            for writer in writers:
                writer.transport.abort()
        assert rss_of(service) - before < 60


OWN = f"""
from fastapi import FastAPI
from starlette.responses import {Response.__name__}, {StreamingResponse.__name__}

from modelwire import Database, mount

database = Database()
app = FastAPI(lifespan=database.lifespan)


@app.get("/whole")
async def whole() -> Response:
    return Response(b"x" * 10_000_000)


@app.get("/parts")
async def parts() -> StreamingResponse:
    async def read():
        for _ in range(100):
            yield b"x" * 1_000_000

    return StreamingResponse(read())


mount(app, database)
"""


def test_psutil_sees_connections() -> None:
    """The check of the tests above sees an existing connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            found = psutil.Process().net_connections()
            assert any(c.laddr.port == port and c.status == "ESTABLISHED" for c in found)
            accepted.close()
