"""`python -m benchmarks.startup`: what starting costs, from the command to the first row."""

from __future__ import annotations

import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from .clients import CONTENDERS, Contender
from .databases import SQLite
from .load import TIMEOUT_S, send
from .processes import read_cpu_us, read_memory_mb
from .servers import open_server

ROUNDS = 5
USERS = 10


def main() -> None:
    """Start each contender's server some times and print medians."""
    with tempfile.TemporaryDirectory() as folder:
        url = SQLite(Path(folder) / "startup.db", USERS).url
        sys.stdout.write(f"{'contender':18}{'CPU ms':>8}{'ms':>8}{'MB':>6}\n")
        for contender in CONTENDERS:
            if contender.is_installed and "sqlite" in contender.databases:
                found = [_start(contender, url) for _ in range(ROUNDS)]
                cpu_ms, wall_ms, mb = (median(column) for column in zip(*found, strict=True))
                sys.stdout.write(f"{contender.name:18}{cpu_ms:8.0f}{wall_ms:8.0f}{mb:6.0f}\n")


def _start(contender: Contender, url: str) -> tuple[float, float, float]:
    """Start a server and read a row; returns milliseconds of CPU and of time, and memory in MB."""
    begun = time.perf_counter()
    with open_server(contender.name, url, contender.command) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
        call = contender.calls["get"]
        send(connection, call.method, call.path.replace("{n}", "1"))
        connection.close()
        taken_s = time.perf_counter() - begun
        return read_cpu_us(server.pid) / 1e3, taken_s * 1e3, read_memory_mb(server.pid)


if __name__ == "__main__":
    main()
