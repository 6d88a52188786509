"""`python -m benchmarks.startup`: the cost of a start, from the command to the first row."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from .clients import CONTENDERS, Call
from .databases import SQLite
from .load import TIMEOUT_S, send
from .processes import read_cpu_us, read_memory_mb
from .servers import open_server

ROUNDS = 5
USERS = 10

_APP = "benchmarks.contenders.modelwire:app"
BY_ITS_COMMAND = (sys.executable, "-m", "modelwire", "serve", _APP, "--port=PORT")
"""Command by which modelwire's application serves itself."""

Start = tuple[str, Sequence[str], Call]
"""Module of `benchmarks.contenders`, its command unless that is uvicorn, and the request."""


def main() -> None:
    """Start each server several times, in turns, and print medians."""
    with tempfile.TemporaryDirectory() as folder:
        url = SQLite(Path(folder) / "startup.db", USERS).url
        sys.stdout.write(f"{'contender':18}{'CPU ms':>8}{'ms':>8}{'MB':>6}\n")
        starts = _list_starts()
        rounds = [
            {name: _start(start, url) for name, start in starts.items()} for _ in range(ROUNDS)
        ]
        for name in starts:
            found = [one[name] for one in rounds]
            cpu_ms, wall_ms, mb = (median(column) for column in zip(*found, strict=True))
            sys.stdout.write(f"{name:18}{cpu_ms:8.0f}{wall_ms:8.0f}{mb:6.0f}\n")


def _list_starts() -> Mapping[str, Start]:
    starts: dict[str, Start] = {
        c.name: (c.name, c.command, c.calls["get"])
        for c in CONTENDERS
        if c.is_installed and "sqlite" in c.databases
    }
    return {**starts, "modelwire serve": ("modelwire", BY_ITS_COMMAND, starts["modelwire"][2])}


def _start(start: Start, url: str) -> tuple[float, float, float]:
    """Start a server and read a row; return milliseconds of CPU and of time, and memory in MB."""
    begun = time.perf_counter()
    contender, command, call = start
    with open_server(contender, url, command) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
        send(connection, call.method, call.path.replace("{n}", "1"))
        connection.close()
        taken_s = time.perf_counter() - begun
        return read_cpu_us(server.pid) / 1e3, taken_s * 1e3, read_memory_mb(server.pid)


if __name__ == "__main__":
    main()
