"""After every error, the same connection to a real server serves the next request."""

import asyncio
from collections.abc import Iterator

from tests.live.conftest import serve_app
from tests.worlds import World

from .conftest import Share
from .corpus import JSON_VALUES, URL_VALUES

Request = tuple[str, str, bytes]


class Connection:
    """One connection, which is never opened anew.

    Args:
        reader: What the server sends.
        writer: What is sent to it.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, method: str, target: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send a request; gives the status and the body of its answer."""
        head = (
            f"{method} {target} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        async with asyncio.timeout(20):
            answer = await self._reader.readuntil(b"\r\n\r\n")
            status, *fields = answer.decode("latin-1").split("\r\n")
            lengths = [f for f in fields if f.lower().startswith("content-length:")]
            content = await self._reader.readexactly(int(lengths[0].partition(":")[2]))
        return int(status.split()[1]), content


def requests(urls: dict[str, str], bodies: dict[str, str]) -> Iterator[Request]:
    """Requests with each of the values, in a path, a query and a body."""
    for number, value in enumerate(urls.values()):
        form = ("/cells/?text={}", "/cells/{}", "/cells/?or=(text:{})", "/cells/?{}=1")[number % 4]
        yield "GET", form.format(value), b""
    for number, value in enumerate(bodies.values()):
        method, path = (("POST", "/cells/"), ("POST", "/cells/bulk/"))[number % 2]
        yield method, path, f'{{"text": {value}}}'.encode()


async def test_one_connection(world: World, lane: str, share: Share) -> None:
    """Hostile requests one after the other leave the connection as it was."""
    urls, bodies = share(URL_VALUES), share(JSON_VALUES)
    async with serve_app(world.apps[lane]) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        connection = Connection(reader, writer)
        status, _ = await connection.ask("POST", "/words/", b'{"code": "w"}')
        assert status == 201
        for request in requests(dict(urls), dict(bodies)):
            status, _ = await connection.ask(*request)
            assert status < 500, request
            status, content = await connection.ask("GET", "/words/w")
            assert (status, content) == (200, b'{"code":"w","note":"x"}'), request
        writer.close()
        await writer.wait_closed()
