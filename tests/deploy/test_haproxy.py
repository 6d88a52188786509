"""HAProxy with the configuration of `deploy/`, in front of two servers of which one goes away."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from tests.faults.servers import find_port

FOLDER = Path(__file__).parents[2] / "deploy/compose"
LIMIT_S = 120


@contextmanager
def running(words: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            words, cwd=FOLDER, env={**os.environ, **environment}, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


@contextmanager
def running_node(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-m", "modelwire", "serve", "main.py", "--port", str(port)]
    url = f"sqlite:///{tmp_path}/shop.db"
    environment = {"MODELWIRE_DATABASE_URL": url, "PYTHONDONTWRITEBYTECODE": "1"}
    with running(words, tmp_path / f"{port}.log", **environment) as process:
        yield process


def write_configuration(path: Path, own: int, nodes: list[int]) -> None:
    """Write the configuration with other ports, and without the names that only Docker knows."""
    text = (FOLDER / "haproxy.cfg").read_text()
    kept, _, _ = text.partition("# Whoever takes a single address")
    kept = kept.replace("bind :8000", f"bind 127.0.0.1:{own}")
    for number, port in enumerate(nodes, start=1):
        kept = kept.replace(f"service{number}:8000", f"127.0.0.1:{port}")
    assert not re.search(r":8000\b", kept)
    path.write_text(kept)


async def wait_for(client: httpx2.AsyncClient, url: str) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            with suppress(httpx2.HTTPError):
                if (await client.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_requests_go_on_when_a_node_goes_away(tmp_path: Path, number: signal.Signals) -> None:
    haproxy = shutil.which("haproxy")
    if haproxy is None:
        pytest.skip("haproxy is not installed")
    own, *ports = (find_port() for _ in range(3))
    write_configuration(tmp_path / "haproxy.cfg", own, ports)
    address = f"http://127.0.0.1:{own}"
    words = [haproxy, "-f", str(tmp_path / "haproxy.cfg"), "-db"]
    with running_node(ports[0], tmp_path) as node, running_node(ports[1], tmp_path):
        async with httpx2.AsyncClient(timeout=60) as client:
            for port in ports:
                await wait_for(client, f"http://127.0.0.1:{port}/health/ready")
            with running(words, tmp_path / "haproxy.log"):
                await wait_for(client, f"{address}/health/ready")
                created = await client.post(f"{address}/books/", json={"title": "Emma"})
                assert created.status_code == 201
                statuses = await ask_until(client, address, node, number)
    assert set(statuses) == {200}


async def ask_until(
    client: httpx2.AsyncClient,
    address: str,
    node: subprocess.Popen[bytes],
    number: signal.Signals,
) -> list[int]:
    """Ask without a pause, before a node goes away, while it does, and when it has."""
    statuses: list[int] = []

    async def ask(times: int) -> None:
        answers = [await client.get(f"{address}/books/") for _ in range(times)]
        statuses.extend(answer.status_code for answer in answers)

    await ask(10)
    node.send_signal(number)
    async with asyncio.timeout(LIMIT_S):
        while node.poll() is None:
            await ask(1)
    await ask(20)
    return statuses
