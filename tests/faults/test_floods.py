"""Floods: heads, bodies and nesting without end are refused early, and take little memory."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from modelwire import Database, mount
from tests.conftest import LEAGUE, open_client

from .conftest import Figure, OpenDatabase
from .servers import serving

MIB = 1_048_576


@pytest.fixture
def url(tmp_path: object) -> str:
    return f"sqlite:///{tmp_path}/flood.db"


async def send_raw(port: int, start: bytes, piece: bytes, limit_bytes: int) -> tuple[bytes, int]:
    """Send pieces without end until there is an answer; returns it, and how much was sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent, answer = 0, asyncio.ensure_future(reader.read())
    writer.write(start)
    while sent < limit_bytes and not answer.done():
        try:
            writer.write(piece)
            await writer.drain()
        except ConnectionError:
            break
        sent += len(piece)
        await asyncio.sleep(0)
    try:
        async with asyncio.timeout(10):
            result = await answer
    except ConnectionError:
        result = b""
    writer.transport.abort()
    return result, sent


@pytest.mark.parametrize(
    ("start", "piece", "status"),
    [
        (b"GET /teams/?q=", b"x" * 4096, 414),
        (b"GET /teams/ HTTP/1.1\r\nHost: localhost\r\nX: ", b"x" * 4096, 431),
        (
            b"GET /teams/ HTTP/1.1\r\nHost: localhost\r\n",
            b"X-Header: " + b"x" * 4000 + b"\r\n",
            431,
        ),
        (
            b"POST /teams/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n",
            b"1000\r\n" + b" " * 4096 + b"\r\n",
            413,
        ),
    ],
)
async def test_endless_request(url: str, start: bytes, piece: bytes, status: int) -> None:
    """A request without end is refused at its limit, and the service goes on."""
    with serving(url) as service:
        before = service.workers[0].memory_info().rss
        answers = await asyncio.gather(
            *(send_raw(service.port, start, piece, 20 * MIB) for _ in range(5))
        )
        grown = service.workers[0].memory_info().rss - before
        assert httpx2.get(f"{service.address}/teams/", timeout=30).status_code == 200
    for answer, sent in answers:
        # A connection that closes while its body still comes may be reset before it is read.
        assert answer.startswith(f"HTTP/1.1 {status} ".encode()) or (status == 413 and not answer)
        assert b"application/problem+json" in answer or not answer
        assert sent < 15 * MIB
    assert grown < 5 * 3 * MIB


@pytest.mark.parametrize(
    ("length", "status"), [(65_535, 422), (65_536, 414), (100_000, 414), (131_073, 414)]
)
async def test_long_url(url: str, length: int, status: int) -> None:
    """A URL that is too long is a problem like any other, at whichever of the limits it is met."""
    path = b"/teams/?q=".ljust(length, b"x")
    with serving(url) as service:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(30):
            answer = await reader.read()
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["status"] == status


async def test_head_that_does_not_end(url: str) -> None:
    """A head that comes drop by drop is cut off after its time."""
    with serving(url) as service:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(b"GET /teams/ HTTP/1.1\r\n")
        closed = asyncio.ensure_future(reader.read())
        async with asyncio.timeout(15):
            while not closed.done():
                writer.write(b"X: 1\r\n")
                await asyncio.wait([closed], timeout=0.5)
        closed.exception()  # a reset, where the last drop came too late
        writer.close()


BODIES = {
    "longer than the limit": b" " * (4 * MIB),
    "one long text": json.dumps({"name": "x" * (MIB - 20)}).encode(),
    "many rows": json.dumps([{"name": f"Team {i}"} for i in range(40_000)]).encode()[: MIB - 1],
    "deep": b"[" * 500_000 + b"]" * 500_000,
    "numbers": json.dumps(list(range(150_000))).encode(),
}


@pytest.mark.parametrize("kind", BODIES)
async def test_memory_of_a_body(open_database: OpenDatabase, kind: str, figure: Figure) -> None:
    """A refused body takes little more memory than its limit."""
    database: Database = open_database("sqlite")
    app = FastAPI()
    mount(app, database, *LEAGUE)
    body = BODIES[kind]

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 65_536):
            yield body[at : at + 65_536]

    headers = {"content-type": "application/json"}
    async with open_client(app) as client:
        await client.post("/teams/bulk/", json=[])
        tracemalloc.start()
        try:
            answer = await client.post("/teams/bulk/", content=pieces(), headers=headers)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    figure("peak memory / limit of the body", peak / MIB)
    assert answer.status_code in (413, 422)
    if kind == "longer than the limit":
        assert peak < 3 * MIB
