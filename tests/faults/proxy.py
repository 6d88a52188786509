"""A TCP proxy in front of a server, such as a database, that can be made to fail like a network."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy.engine import make_url

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """Passes on what a client and a server send each other.

    Args:
        url: The server's URL.

    Attributes:
        port: Where it listens, once it is opened.
        cut_at_request: When a client sends these bytes, its connection is cut; they don't arrive.
        cut_at_reply: When the server sends these bytes, the connection is cut; they don't arrive.
        cuts_left: How often it is cut, at most.
        hold_at_request: When a client sends these bytes, its connection stands still from then on.
        held: Set when that has happened.
        delay_s: Seconds that each piece is held back.
        silent: Whether nothing is passed on, while connections stay open: as if packets were lost.
        refuses: Whether new connections are closed at once.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._open: set[asyncio.StreamWriter] = set()
        self.cut_at_request = b""
        self.cut_at_reply = b""
        self.cuts_left = 1000
        self.hold_at_request = b""
        self.held = asyncio.Event()
        self.delay_s = 0.0
        self.silent = False
        self.refuses = False
        self.socket = socket.socket()  # nobody else takes the port before it is opened
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    @property
    def url(self) -> str:
        """The URL of the database by way of this proxy."""
        query = {k: v for k, v in self._url.query.items() if k != "host"}
        url = self._url.set(host="127.0.0.1", port=self.port, query={**query, "sslmode": "disable"})
        return url.render_as_string(hide_password=False)

    def reset(self) -> None:
        """Cut every connection with a TCP reset."""
        for writer in self._open:
            writer.transport.abort()

    def cut(self, *, silent: bool) -> None:
        """Cut whatever goes through, and whatever would: by refusing it, or by losing it."""
        self.silent, self.refuses = silent, not silent
        if not silent:
            self.reset()

    def heal(self) -> None:
        """Pass everything on again; what was lost is sent once more, as TCP does."""
        self.silent = self.refuses = False

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        if self.refuses:
            writer.transport.abort()
            return
        try:
            upstream = await self._connect()
        except OSError:  # what is behind it refuses
            writer.transport.abort()
            return
        self._open |= {writer, upstream[1]}
        try:
            await asyncio.gather(
                self._pass_on(reader, upstream[1], writer, requests=True),
                self._pass_on(upstream[0], writer, upstream[1], requests=False),
            )
        except (OSError, asyncio.CancelledError):
            pass  # the end of a test
        finally:
            self._open -= {writer, upstream[1]}
            for each in (writer, upstream[1]):
                each.transport.abort()

    async def _connect(self) -> Streams:
        url = self._url
        directory = url.query.get("host")
        if isinstance(directory, str) and directory.startswith("/"):
            return await asyncio.open_unix_connection(
                str(Path(directory) / f".s.PGSQL.{url.port or 5432}")
            )
        return await asyncio.open_connection(url.host, url.port or 5432)

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """Read the next data; while nothing is forwarded, no end is noticed either."""
        try:
            data, lost = await reader.read(65_536), None
        except OSError as exc:
            data, lost = b"", exc
        while self.silent:
            await asyncio.sleep(0.01)
        if lost is not None:
            raise lost
        return data

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        back: asyncio.StreamWriter,
        *,
        requests: bool,
    ) -> None:
        while data := await self._read(reader):
            mark = self.cut_at_request if requests else self.cut_at_reply
            if mark and mark in data and self.cuts_left:
                self.cuts_left -= 1
                writer.transport.abort()
                back.transport.abort()
                return
            if requests and self.hold_at_request and self.hold_at_request in data:
                self.held.set()
                await asyncio.Event().wait()
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            writer.write(data)
            await writer.drain()
        with suppress(OSError, RuntimeError):
            writer.write_eof()


@asynccontextmanager
async def open_proxy(url: str) -> AsyncIterator[Proxy]:
    """Open a proxy in front of a server.

    Args:
        url: The server's URL, by TCP or by the directory of PostgreSQL's socket.

    Yields:
        The proxy.
    """
    async with opened(Proxy(url)) as proxy:
        yield proxy


@asynccontextmanager
async def opened(proxy: Proxy) -> AsyncIterator[Proxy]:
    """Open a proxy, until the block ends."""
    server = await asyncio.start_server(proxy.handle, sock=proxy.socket)
    try:
        yield proxy
    finally:
        proxy.reset()
        server.close()
