"""Streams over a real connection: their end, their memory, and clients that go away."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import event

from modelwire import Database, mount
from modelwire.pipeline.reads import STREAM_BATCH
from tests.conftest import LEAGUE
from tests.live.conftest import serve_app, settles
from tests.live.measure_stream import fill
from tests.pools import checked_out, eventually_free

Serve = Callable[[FastAPI], Awaitable[int]]
BATCHES = 10


@pytest.fixture
def app(database: Database) -> FastAPI:
    app = FastAPI()
    mount(app, database, *LEAGUE)
    return app


@contextmanager
def counted_checkouts(database: Database) -> Iterator[list[Any]]:
    """Count the connections that are taken from the pool: a stream takes one for each batch."""
    taken: list[Any] = []

    def count(_connection: Any, record: Any, _proxy: Any) -> None:
        taken.append(record)

    event.listen(database.engine.sync_engine, "checkout", count)
    yield taken
    event.remove(database.engine.sync_engine, "checkout", count)


@contextmanager
def lost_connection(database: Database, at: int) -> Iterator[None]:
    """Let a connection that is taken from the pool be lost, as when the server dies."""
    taken = 0

    def lose(_connection: Any, _record: Any, _proxy: Any) -> None:
        nonlocal taken
        taken += 1
        if taken == at:
            raise ConnectionResetError("on purpose")

    event.listen(database.engine.sync_engine, "checkout", lose)
    yield
    event.remove(database.engine.sync_engine, "checkout", lose)


async def read_raw(port: int, path: str, accept: str = "*/*") -> bytes:
    """Read an answer as it comes over the wire, until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"GET {path} HTTP/1.1\r\nHost: test\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.read()
    writer.close()
    return answer


async def test_stream_has_every_row(app: FastAPI, database: Database, serve: Serve) -> None:
    """A stream over several batches has every row, and ends cleanly."""
    await fill(database, STREAM_BATCH * 2 + 1)
    raw = await read_raw(await serve(app), "/players/stream/")
    assert raw.endswith(b"]\r\n0\r\n\r\n")
    assert raw.count(b'"team_id":1') == STREAM_BATCH * 2 + 1


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
async def test_broken_stream_has_no_end(
    app: FastAPI, database: Database, serve: Serve, accept: str
) -> None:
    """A stream that fails in the middle has neither a closing bracket nor a last chunk."""
    await fill(database, STREAM_BATCH * 3)
    with lost_connection(database, at=2):
        raw = await read_raw(await serve(app), "/players/stream/", accept)
    assert raw.startswith(b"HTTP/1.1 200")
    assert raw.count(b'"team_id":1') == STREAM_BATCH
    assert not raw.endswith(b"0\r\n\r\n")
    assert not raw.rstrip().endswith(b"]")
    assert checked_out(database) == 0


async def test_client_sees_that_a_stream_broke(
    app: FastAPI, database: Database, serve: Serve
) -> None:
    """An HTTP client raises an error for a stream that broke."""
    await fill(database, STREAM_BATCH * 2)
    with lost_connection(database, at=2):
        port = await serve(app)
        async with httpx2.AsyncClient(timeout=60) as client:
            with pytest.raises(httpx2.TransportError):
                await client.get(f"http://127.0.0.1:{port}/players/stream/")


async def test_refusal_before_the_first_row(app: FastAPI, serve: Serve) -> None:
    """A stream that is refused is answered with a status of its own, not a broken body."""
    raw = await read_raw(await serve(app), "/players/stream/?nope=1")
    assert raw.startswith(b"HTTP/1.1 422")
    assert b"application/problem+json" in raw


async def test_client_that_goes_away(app: FastAPI, database: Database) -> None:
    """Reading stops when the client goes away, and no connection stays checked out.

    The kernel has room for less than a batch, so that however long the client takes to go, most
    batches have not been read by then.
    """
    await fill(database, STREAM_BATCH * BATCHES)
    async with serve_app(app, send_buffer_bytes=4096) as port:
        with counted_checkouts(database) as checkouts:
            made = socket.socket()
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            made.connect(("127.0.0.1", port))
            reader, writer = await asyncio.open_connection(sock=made, limit=1024)
            writer.write(b"GET /players/stream/ HTTP/1.1\r\nHost: test\r\n\r\n")
            await reader.readexactly(100)
            writer.transport.abort()
            await settles(lambda: len(checkouts))
        assert 0 < len(checkouts) < BATCHES
        await eventually_free(database)


async def test_slow_reader_holds_no_connection(
    app: FastAPI, database: Database, serve: Serve
) -> None:
    """While a slow client reads a batch, the connection it came from serves others."""
    await fill(database, STREAM_BATCH * BATCHES)
    port = await serve(app)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(b"GET /players/stream/ HTTP/1.1\r\nHost: test\r\n\r\n")
    await reader.readexactly(100)
    await eventually_free(database)
    assert checked_out(database) == 0
    writer.transport.abort()


def test_memory_does_not_grow_with_rows(database: Database) -> None:
    """A stream of ten times the rows takes about the same memory at its peak."""
    url = database.settings.database_url.get_secret_value()
    measure = [sys.executable, "-m", "tests.live.measure_stream", url]
    root = Path(__file__).parents[2]
    done = subprocess.run(measure, cwd=root, capture_output=True, text=True, check=True)
    few, many = (int(peak) for peak in done.stdout.split())
    assert many < few * 1.5
