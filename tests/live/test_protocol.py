"""HTTP as `modelwire serve` speaks it: what one request leaves behind for the next."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.requests import Request as HTTPRequest

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
    """The rest of a refused body is never taken for a request."""
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


class Recorder:
    """A transport that notes what is written to it."""

    def __init__(self, transport: asyncio.Transport, written: list[bytes]) -> None:
        self._transport = transport
        self._written = written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, part: bytes) -> None:
        self._written.append(part)
        self._transport.write(part)


def record(written: list[bytes]) -> Callable[..., protocol.LimitedProtocol]:
    """A protocol like that of `modelwire serve`, which notes what it writes."""

    class Recording(protocol.LimitedProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(cast("asyncio.Transport", Recorder(transport, written)))

    return partial(Recording, 65_536, 1.0, 30.0, lambda: False)


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_answer_is_one_write(app: FastAPI, method: bytes) -> None:
    """An answer is written once, its head with its body, on a connection that is used again."""
    written: list[bytes] = []
    async with serve_app(app, http=record(written)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(GET.replace(b"GET", method))
            async with asyncio.timeout(60):
                await reader.readuntil(b"\r\n\r\n" if method == b"HEAD" else b"}")
        writer.transport.abort()
    ends = [part.partition(b"\r\n\r\n")[2] for part in written]
    assert all(part.startswith(b"HTTP/1.1 200 ") for part in written)
    assert [end.startswith(b'{"items":[]') for end in ends] == [method == b"GET"] * 3


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_client_that_sends_nothing_more(app: FastAPI, method: bytes) -> None:
    """A client that has closed its side, since it has sent all, is answered all the same."""
    async with connected(app) as (reader, writer):
        writer.write(method + b" /nowhere HTTP/1.1\r\nHost: test\r\n\r\n")
        writer.write_eof()
        async with asyncio.timeout(60):
            assert (await reader.read()).startswith(b"HTTP/1.1 404 ")


@pytest.fixture
def slow_body(app: FastAPI) -> asyncio.Event:
    """The event that the body of `/slow` waits for, once its head has arrived."""
    go_on = asyncio.Event()

    async def write_body() -> AsyncIterator[bytes]:
        await go_on.wait()
        yield b"done"

    @app.get("/slow")
    async def read_slowly() -> StreamingResponse:
        return StreamingResponse(write_body(), headers={"content-length": "4"})

    return go_on


SLOW = b"GET /slow HTTP/1.1\r\nHost: test\r\n\r\n"


async def test_head_does_not_wait_for_its_body(app: FastAPI, slow_body: asyncio.Event) -> None:
    """A head is sent at once where its body takes its time."""
    async with connected(app) as (reader, writer):
        writer.write(SLOW)
        async with asyncio.timeout(60):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            slow_body.set()
            assert await reader.readexactly(4) == b"done"


async def test_answer_that_breaks_off_after_its_head(app: FastAPI) -> None:
    """A failure after the head of a response ends the connection, after that head."""

    @app.middleware("http")
    async def tell_too_much(request: HTTPRequest, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["content-length"] = "999999"
        return response

    async with connected(app) as (reader, writer):
        writer.write(GET)
        async with asyncio.timeout(60):
            head, _, _ = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"content-length: 999999" in head.lower()
