"""`python -m benchmarks.flood`: following changes at thousands per second.

One server writes rows in bulk, at a fixed rate. Another one on the same database sends the changes
to its listeners; its CPU and memory are measured. Some of the listeners read nothing for a while:
they are disconnected, come back, and continue where they were. In the end each must have received
each change, once and in order.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from .databases import Database, PostgreSQL, SQLite, open_postgresql_server
from .processes import read_cpu_us, read_memory_mb
from .servers import Server, open_server

BULK = 1000
BUFFER = 2**16
LAST_S = 120.0
SEND_TIMEOUT_S = "2"
"""Seconds after which a listener that takes no data is disconnected."""

_EVENT = re.compile(rb'id: (\d+)\nevent: \w+\ndata: {"key":(\d+),[^\n]*"name":"([^"]*)"[^\n]*\n\n')


@dataclass
class Listener:
    """Listener to changes.

    Args:
        sleeps_s: Seconds for which it reads nothing, once it has begun.
    """

    sleeps_s: float = 0.0
    told: int = 0
    last: int = 0
    key: int = 0
    comings: int = 0
    late_s: list[float] = field(default_factory=list)
    wrong: int = 0

    async def follow(self, server: Server, count: int) -> None:
        """Follow until a number of changes have arrived; reconnect whenever that is cut off."""
        while self.told < count:
            self.comings += 1
            await self._follow_once(server, count)

    async def _follow_once(self, server: Server, count: int) -> None:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)  # little data is in flight
        client.connect(("127.0.0.1", server.port))
        reader, writer = await asyncio.open_connection(sock=client, limit=BUFFER)
        head = "GET /items/changes/ HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
        writer.write(f"{head}Last-Event-ID: {self.last}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        rest = b""
        try:
            while self.told < count:
                if self.sleeps_s and self.told:
                    await asyncio.sleep(self.sleeps_s)
                    self.sleeps_s = 0.0
                chunk = await reader.readline()  # chunked: its size, and then the data
                if not chunk:
                    return
                if chunk == b"\r\n":
                    continue
                rest += (await reader.readexactly(int(chunk, 16) + 2))[:-2]
                rest = self._take(rest)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _take(self, text: bytes) -> bytes:
        end, name = 0, b""
        for event in _EVENT.finditer(text):
            number, key, name = int(event[1]), int(event[2]), event[3]
            self.wrong += number <= self.last or key != self.key + 1
            self.last, self.key, self.told, end = number, key, self.told + 1, event.end()
        if name:
            self.late_s.append(time.time() - float(name))
        return text[end:]


async def _write(server: Server, rate: int, seconds: int) -> float:
    """Write rows, each named by the time; return the number per second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    begun, bulks = time.time(), rate * seconds // BULK
    for number in range(bulks):
        await asyncio.sleep(max(0.0, begun + number * BULK / rate - time.time()))
        row = {"organisation_id": 1, "name": str(time.time())}
        body = json.dumps([row] * BULK)
        head = "POST /items/bulk/ HTTP/1.1\r\nHost: x\r\nPrefer: return=minimal\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write((head + body).encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 20"):
            raise RuntimeError(answer.decode())
        length = re.search(rb"content-length: (\d+)", answer.lower())
        await reader.readexactly(int(length[1]) if length else 0)
    writer.close()
    return bulks * BULK / (time.time() - begun)


async def _watch_memory(server: Server, found: list[float]) -> None:
    while True:
        found.append(read_memory_mb(server.pid))
        await asyncio.sleep(1.0)


async def _measure(writer: Server, teller: Server, options: argparse.Namespace) -> str:
    count = options.rate * options.seconds // BULK * BULK
    fast = [Listener() for _ in range(options.listeners)]
    slow = [Listener(sleeps_s=options.sleep) for _ in range(options.slow)]
    following = [asyncio.create_task(each.follow(teller, count)) for each in (*fast, *slow)]
    memory: list[float] = []
    await asyncio.sleep(1.0)
    watching = asyncio.create_task(_watch_memory(teller, memory))
    begun, begun_us = time.time(), read_cpu_us(teller.pid)
    written = await _write(writer, options.rate, options.seconds)
    async with asyncio.timeout(LAST_S):
        await asyncio.gather(*following[: len(fast)])
    behind_s = time.time() - begun - count / written
    cpu_us = read_cpu_us(teller.pid) - begun_us
    async with asyncio.timeout(LAST_S):
        await asyncio.gather(*following)
    watching.cancel()
    late = [each for listener in fast for each in listener.late_s]
    wrong = sum(listener.wrong for listener in (*fast, *slow))
    cut = sum(listener.comings > 1 for listener in slow)
    quarter = max(1, len(memory) // 4)
    return (
        f"{len(fast):6}{cut:4} of {len(slow)}{written:10.0f}{cpu_us / count:12.1f}"
        f"{median(late) * 1e3:10.0f}{quantiles(late, n=100)[-1] * 1e3:10.0f}{behind_s:9.1f}"
        f"{median(memory[:quarter]):8.0f}{max(memory):6.0f}{median(memory[-quarter:]):6.0f}{wrong:7}"
    )


def _run(database: Database, options: argparse.Namespace) -> None:
    sys.stdout.write(f"\n{database.version}, {options.rate} changes a second\n")
    sys.stdout.write(
        "  fast  cut off   written  µs a change  late p50       p99  at last"
        "  MB: first  most  last  wrong\n"
    )
    with (
        open_server("live", database.url) as writer,
        open_server("live", database.url) as teller,
    ):
        sys.stdout.write(asyncio.run(_measure(writer, teller, options)) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Measure, and print a line for each database: how late, in milliseconds, and at what cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=10_000, help="changes a second")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--listeners", type=int, default=4, help="who read all the time")
    parser.add_argument("--slow", type=int, default=2, help="who read nothing for a while")
    parser.add_argument("--sleep", type=float, default=20.0, help="for how many seconds")
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    os.environ["MODELWIRE_SEND_TIMEOUT_S"] = SEND_TIMEOUT_S
    with ExitStack() as stack:
        if options.database != "postgresql":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            _run(SQLite(Path(folder) / "flood.db", 10), options)
        if options.database != "sqlite":
            url = stack.enter_context(open_postgresql_server())
            _run(PostgreSQL(url, 10), options)


if __name__ == "__main__":
    main()
