"""HAProxy with the configuration of `deploy/`, in front of two servers of which one goes away."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.conftest import MakeURL
from tests.faults.load import load
from tests.faults.servers import find_port
from tests.lanes import DIALECTS

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
        alive = process.poll() is None
        workers = psutil.Process(process.pid).children(recursive=True) if alive else []
        process.kill()
        process.wait(30)
        for worker in workers:
            with suppress(psutil.NoSuchProcess):
                worker.kill()


@contextmanager
def running_node(
    port: int, tmp_path: Path, *options: str, url: str = "", delay_s: float = 0
) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-m", "modelwire", "serve", "main.py", "--port", str(port), *options]
    environment = {
        "MODELWIRE_DATABASE_URL": url or f"sqlite:///{tmp_path}/shop.db",
        "MODELWIRE_METRICS": "true",
        "MODELWIRE_POOL_TIMEOUT_S": "60",
        "MODELWIRE_SHUTDOWN_DELAY_S": str(delay_s),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
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


SENT_AGAIN = re.compile(
    r" *(option redispatch|retries \d+|retry-on .*|http-request disable-l7-retry .*)\n"
)
"""Settings by which HAProxy repeats requests."""


def prepare_haproxy(
    tmp_path: Path, own: int, nodes: list[int], *, once: bool = False
) -> tuple[str, list[str]]:
    """Return the address of HAProxy, and the command that starts it.

    It may be set to send each request once, and to check nodes by their readiness alone.
    """
    haproxy = shutil.which("haproxy")
    if haproxy is None:
        pytest.skip("haproxy is not installed")
    path = tmp_path / "haproxy.cfg"
    write_configuration(path, own, nodes)
    if once:
        text, count = SENT_AGAIN.subn("", path.read_text())
        assert count == 4
        plain = text.replace(" observe layer4 error-limit 1 on-error mark-down", "")
        path.write_text(plain.replace("mode http\n", "mode http\n    retries 0\n"))
    return f"http://127.0.0.1:{own}", [haproxy, "-f", str(tmp_path / "haproxy.cfg"), "-db"]


async def wait_for(client: httpx2.AsyncClient, url: str) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            with suppress(httpx2.HTTPError):
                if (await client.get(url)).status_code == 200:
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_requests_go_on_when_a_node_goes_away(tmp_path: Path, number: signal.Signals) -> None:
    own, *ports = (find_port() for _ in range(3))
    address, words = prepare_haproxy(tmp_path, own, ports)
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


async def use(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
    """Read, and now and then write."""
    if number % 5:
        return await client.get("/books/?limit=5")
    return await client.post("/books/", json={"title": f"Book {number}"})


async def wait_for_requests(port: int) -> None:
    """Wait until a node has been given requests by HAProxy."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        await wait_for(client, "/health/ready")
        async with asyncio.timeout(LIMIT_S):
            while 'route="/books/"' not in (await client.get("/metrics")).text:
                await asyncio.sleep(0.05)


async def stop(node: subprocess.Popen[bytes]) -> None:
    """Stop a node in order."""
    node.send_signal(signal.SIGTERM)
    async with asyncio.timeout(LIMIT_S):
        while node.poll() is None:
            await asyncio.sleep(0.05)


def faults_in(log: Path) -> list[str]:
    """Return the lines of HAProxy's log on servers, and on requests that failed."""
    return [line for line in log.read_text().splitlines() if not re.search(r" 20[01] \d", line)]


@pytest.mark.long
@pytest.mark.parametrize("delay_s", [0, 5], ids=["sent again", "announced"])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_nodes_are_replaced_under_load(
    tmp_path: Path, make_url: MakeURL, dialect: str, delay_s: float
) -> None:
    """One node after the other is stopped and started anew: not one request fails, and none that
    writes is carried out twice. HAProxy sends again what was not sent, and reads without answer;
    where nodes say some time before that they stop, nothing needs to be sent again."""
    url = await make_url(dialect, "replaced_nodes")
    own, *ports = (find_port() for _ in range(3))
    address, words = prepare_haproxy(tmp_path, own, ports, once=delay_s > 0)
    with ExitStack() as stack:

        def start(port: int) -> subprocess.Popen[bytes]:
            node = running_node(port, tmp_path, "--workers", "2", url=url, delay_s=delay_s)
            return stack.enter_context(node)

        nodes = {port: start(port) for port in ports}
        async with httpx2.AsyncClient(timeout=60) as client:
            for port in ports:
                await wait_for(client, f"http://127.0.0.1:{port}/health/ready")
            stack.enter_context(running(words, tmp_path / "haproxy.log"))
            await wait_for(client, f"{address}/health/ready")
        async with load(address, use, clients=5, pause_s=0.02) as tally:
            for port in ports * 2:
                for each in ports:
                    await wait_for_requests(each)
                await stop(nodes[port])
                nodes[port] = start(port)
            for each in ports:
                await wait_for_requests(each)
        async with httpx2.AsyncClient(base_url=address, timeout=60) as client:
            books = (await client.get("/books/?limit=1")).json()["total"]
    assert set(tally.statuses) == {200, 201}, (
        tally.errors,
        tally.problems,
        faults_in(tmp_path / "haproxy.log"),
    )
    assert books == tally.statuses[201]
