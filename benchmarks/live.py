"""`python -m benchmarks.live`: delay and cost of changes for the clients that follow them.

One server, and clients that listen. A writer changes a row at a fixed rate; each change is timed
from the moment at which its request is sent to the one at which a client has its event. So the
write itself is included, and its time is shown beside it. Then nothing is written for a while, to
measure the cost of listeners that only get heartbeats. The listeners are tasks of this process,
which takes as much of the machine as the server does: with many, this side adds to the delay too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from .databases import Database, PostgreSQL, SQLite, open_postgresql_server
from .processes import read_cpu_us, read_memory_mb
from .servers import Server, open_server

LISTENERS = (1, 100, 1000)
HEAD = "GET /items/changes/ HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"
QUIET_S = 10.0
MINUTE_S = 60.0


@dataclass
class Told:
    """Times at which each change was sent, answered, and received."""

    sent: dict[int, float] = field(default_factory=dict)
    answered: dict[int, float] = field(default_factory=dict)
    told: dict[int, list[float]] = field(default_factory=dict)


async def _listen(server: Server, told: Told) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(HEAD.encode())
    try:
        while line := await reader.readline():
            if line.startswith(b"data: "):
                name = json.loads(line[6:])["item"]["name"]
                told.told.setdefault(int(name), []).append(time.perf_counter())
    finally:
        writer.close()


async def _write(server: Server, told: Told, count: int, rate: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    begun = time.perf_counter()
    for number in range(count):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        body = json.dumps({"organisation_id": 1, "name": str(number)})
        head = f"POST /items/ HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        told.sent[number] = time.perf_counter()
        writer.write(f"{head}Content-Type: application/json\r\n\r\n{body}".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        told.answered[number] = time.perf_counter()
        length = next(part for part in answer.lower().split(b"\r\n") if b"content-length" in part)
        await reader.readexactly(int(length.partition(b":")[2]))
    writer.close()


async def _measure(server: Server, listeners: int, count: int, rate: float) -> str:
    told = Told()
    tasks = [asyncio.create_task(_listen(server, told)) for _ in range(listeners)]
    await asyncio.sleep(2 + listeners / 500)
    quiet_us = read_cpu_us(server.pid)
    await asyncio.sleep(QUIET_S)
    quiet = (read_cpu_us(server.pid) - quiet_us) / QUIET_S / 1e4
    begun, begun_us = time.perf_counter(), read_cpu_us(server.pid)
    await _write(server, told, count, rate)
    async with asyncio.timeout(MINUTE_S):
        while any(len(told.told.get(number, ())) < listeners for number in range(count)):
            await asyncio.sleep(0.01)
    busy = (read_cpu_us(server.pid) - begun_us) / (time.perf_counter() - begun) / 1e4
    memory = read_memory_mb(server.pid)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    late = [at - told.sent[n] for n, all_of in told.told.items() for at in all_of]
    writes = [told.answered[n] - told.sent[n] for n in told.sent]
    p50, p99 = _to_ms(late)
    w50, w99 = _to_ms(writes)
    return (
        f"{listeners:9}{p50:10.1f}{p99:10.1f}{w50:10.1f}{w99:10.1f}"
        f"{quiet:10.1f}{busy:10.1f}{memory:8.0f}"
    )


def _to_ms(times_s: Sequence[float]) -> tuple[float, float]:
    return median(times_s) * 1e3, quantiles(times_s, n=100)[-1] * 1e3


def _compare(database: Database, count: int, rate: float) -> None:
    sys.stdout.write(f"\n{database.version}, {rate:g} writes a second\n")
    sys.stdout.write(
        "listeners  told p50       p99 write p50       p99   quiet %    busy %      MB\n"
    )
    for listeners in LISTENERS:
        with open_server("live", database.url) as server:
            sys.stdout.write(asyncio.run(_measure(server, listeners, count, rate)) + "\n")
            sys.stdout.flush()


def main() -> None:
    """Measure, and print a table for each database: milliseconds, and percentages of a core."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writes", type=int, default=300, help="how many")
    parser.add_argument("--rate", type=float, default=20, help="how many a second")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(open_postgresql_server())
        for database in (SQLite(Path(folder) / "live.db", 10), PostgreSQL(server, 10)):
            _compare(database, arguments.writes, arguments.rate)


if __name__ == "__main__":
    main()
