"""HTTP as `modelwire serve` speaks it: what one request leaves behind for the next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from fastapi import FastAPI

from modelwire import Database, mount
from modelwire.cli import protocol
from tests.conftest import LEAGUE
from tests.live.conftest import serve_app

HTTP = partial(protocol.LimitedProtocol, 65_536, 1.0, 30.0, lambda: False)
GET = b"GET /teams/ HTTP/1.1\r\nHost: test\r\n\r\n"
POST = b"POST /teams/ HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
HIDDEN = POST + b'Content-Length: 14\r\n\r\n{"name":"Red"}'

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def app(database: Database) -> FastAPI:
    app = FastAPI()
    mount(app, database, *LEAGUE, max_body_bytes=1000)
    return app


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[Streams]:
    """One connection to an application that is served."""
    async with serve_app(app, http=HTTP) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield reader, writer
        writer.transport.abort()


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The head of an answer, and its body."""
    async with asyncio.timeout(60):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(f for f in head.lower().split(b"\r\n") if f.startswith(b"content-length:"))
        return head, await reader.readexactly(int(length.partition(b":")[2]))


async def send_in_pieces(writer: asyncio.StreamWriter, *pieces: bytes) -> None:
    """Send a request whose head comes in more than one piece."""
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0.05)


async def test_head_in_pieces(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for a head ends with the head: the connection is kept for the next request."""
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", 1.0)
    async with connected(app) as (reader, writer):
        for _ in range(2):
            await send_in_pieces(writer, GET[:20], GET[20:])
            assert (await read_answer(reader))[0].startswith(b"HTTP/1.1 200 ")
            await asyncio.sleep(1.2)
        writer.write(GET)
        assert (await read_answer(reader))[0].startswith(b"HTTP/1.1 200 ")


async def test_body_that_comes_later_than_its_head(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time for a head is none for the body."""
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", 1.0)
    head, _, body = HIDDEN.partition(b"\r\n\r\n")
    async with connected(app) as (reader, writer):
        await send_in_pieces(writer, head, b"\r\n\r\n")
        await asyncio.sleep(1.2)
        writer.write(body)
        assert (await read_answer(reader))[0].startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("is_announced", [True, False], ids=["announced", "chunked"])
async def test_rest_of_a_body(app: FastAPI, database: Database, is_announced: bool) -> None:
    """What is left of a body that was refused is never taken for a request."""
    body = b"x" * 2000 + HIDDEN * 20
    if is_announced:
        request = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    else:
        request = POST + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body
    async with connected(app) as (reader, writer):
        writer.write(request)
        head, problem = await read_answer(reader)
        assert head.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in head.lower()
        assert b'"too_large"' in problem
        try:
            async with asyncio.timeout(60):
                assert await reader.read() == b""
        except ConnectionError:
            pass
    async with connected(app) as (reader, writer):
        writer.write(GET)
        assert b'"items":[]' in (await read_answer(reader))[1]
