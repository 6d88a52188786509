"""Load: wrk for many connections at once, one request after another for those that take long."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles

from .clients import Call

TIMEOUT_S = 60
"""Seconds that one answer may take."""

_SCRIPT = Path(__file__).parent / "load.lua"


class MissingTool(Exception):
    """Missing load generator; the message describes how to install it."""


@dataclass(frozen=True, slots=True)
class Load:
    """Result of a load.

    Args:
        requests: The number of answers.
        failed: Answers with an error, and requests without an answer.
        duration_s: Seconds that it took.
        p50_ms: The median time of requests in milliseconds.
        p99_ms: The 99th percentile of their times in milliseconds.
    """

    requests: int
    failed: int
    duration_s: float
    p50_ms: float
    p99_ms: float


def find_wrk() -> str:
    """Find the load generator.

    Raises:
        MissingTool: It is not installed.
    """
    found = shutil.which("wrk")
    if found is None:
        raise MissingTool("The load generator wrk is missing; on Debian: apt-get install -y wrk")
    return found


def run_wrk(
    port: int, call: Call, *, first: int, span: int, connections: int, duration_s: int
) -> Load:
    """Repeat one call to a server, from many connections at once.

    Args:
        port: The server's port.
        call: The call.
        first: The first value of `{n}`.
        span: The number of values of `{n}`; 0 for a new one each time.
        connections: Connections at once.
        duration_s: Seconds.
    """
    command = [
        find_wrk(), "-t1", f"-c{connections}", f"-d{duration_s}s", f"--timeout={TIMEOUT_S}s",
        "-s", str(_SCRIPT), f"http://127.0.0.1:{port}", "--",
        call.method, call.path, str(first), str(span), call.body or "", str(connections),
    ]  # fmt: skip
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, timeout=duration_s + TIMEOUT_S, check=True
    )
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return Load(
        found["requests"],
        found["failed"],
        found["duration_us"] / 1e6,
        found["p50_us"] / 1e3,
        found["p99_us"] / 1e3,
    )


def run_in_turn(
    port: int, call: Call, *, body: Callable[[int], str | None], duration_s: float
) -> Load:
    """Repeat one call to a server, each after the answer to the one before.

    Args:
        port: The server's port.
        call: The call.
        body: The body of each request.
        duration_s: Seconds after which no other request is sent; there is at least one.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    times: list[float] = []
    failed, start = 0, time.perf_counter()
    while not times or time.perf_counter() - start < duration_s:
        content = body(len(times))
        sent = time.perf_counter()
        failed += send(connection, call.method, call.path, content)[0] >= 400
        times.append((time.perf_counter() - sent) * 1e3)
    connection.close()
    duration = time.perf_counter() - start
    p99 = quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0]
    return Load(len(times), failed, duration, median(times), p99)


def send(
    connection: HTTPConnection, method: str, path: str, body: str | None = None
) -> tuple[int, bytes]:
    """Send one request; return the status and the body of the answer."""
    headers = {"content-type": "application/json"} if body is not None else {}
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    return response.status, response.read()
