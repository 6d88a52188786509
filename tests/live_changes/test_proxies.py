"""Changes through nginx and HAProxy, which are told nothing but where the servers are."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from modelwire.pipeline import changes
from tests.faults.servers import find_port
from tests.live.conftest import serve_app

from .listening import HTTP, MINUTE_S, Copy, listen, take
from .test_pages import CHANGES, PATH, create

NGINX = """
user root;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ }}
http {{
  access_log off;
  proxy_temp_path {folder}/proxied;
  client_body_temp_path {folder}/bodies;
  upstream nodes {{ {nodes} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://nodes; }}
  }}
}}
"""
HAPROXY = """
defaults
  mode http
  option redispatch
  timeout connect 5s
  timeout client 50s
  timeout server 50s
frontend clients
  bind 127.0.0.1:{port}
  default_backend nodes
backend nodes
{nodes}
"""
PROXIES = {
    "nginx": (NGINX, "server 127.0.0.1:{port};", ("-c",)),
    "haproxy": (HAPROXY, "  server node{port} 127.0.0.1:{port} check inter 100ms\n", ("-db", "-f")),
}


TEAM = {"X-Team": "1", "X-Sees-Cost": "false"}


@contextmanager
def proxied(name: str, folder: Path, *nodes: int) -> Iterator[str]:
    """Run a proxy in front of servers on these ports; yields its address."""
    command = shutil.which(name)
    if command is None:
        pytest.skip(f"{name} is not installed")
    text, node, options = PROXIES[name]
    port, path = find_port(), folder / f"{name}.conf"
    listed = "".join(node.format(port=number) for number in nodes)
    path.write_text(text.format(folder=folder, port=port, nodes=listed))
    with (folder / f"{name}.out").open("wb") as output:
        process = subprocess.Popen([command, *options, path], stdout=output, stderr=output)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


@asynccontextmanager
async def reached(address: str, **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a proxy, once that answers."""
    async with httpx2.AsyncClient(base_url=address, headers=headers, timeout=None) as client:
        async with asyncio.timeout(MINUTE_S):
            while True:
                with suppress(httpx2.TransportError):
                    if (await client.get(PATH)).status_code == 200:
                        break
                await asyncio.sleep(0.02)
        yield client


@pytest.mark.parametrize("proxy", PROXIES)
async def test_each_event_comes_at_once(
    followed_app: FastAPI,
    writer: httpx2.AsyncClient,
    proxy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy that kept events back would keep the first one until there are many."""
    monkeypatch.setattr(changes, "HEARTBEAT_S", 0.5)
    async with serve_app(followed_app, http=HTTP) as port:
        with proxied(proxy, tmp_path, port) as address:
            async with reached(address) as client, listen(client, CHANGES) as events:
                for number in range(5):
                    row = await create(writer, title=str(number))
                    (found,) = await take(events, 1)
                    assert found.data == {"key": row["id"], "item": row}
                async with asyncio.timeout(MINUTE_S):
                    answer = await client.get(f"{PATH}{row['id']}")
                assert answer.json() == row


class Nodes:
    """Servers of one application, of which each goes away in its turn, and comes back.

    Args:
        app: The application.
        ports: Where they are.
    """

    def __init__(self, app: FastAPI, ports: Sequence[int]) -> None:
        self._app = app
        self._running = [(port, AsyncExitStack()) for port in ports]

    async def __aenter__(self) -> "Nodes":
        for port, node in self._running:
            await node.enter_async_context(serve_app(self._app, port=port, http=HTTP))
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for _, node in self._running:
            await node.aclose()

    async def turn(self) -> None:
        port, node = self._running.pop(0)
        await node.aclose()
        await node.enter_async_context(serve_app(self._app, port=port, http=HTTP))
        self._running.append((port, node))


async def follow_on(copy: Copy, client: httpx2.AsyncClient) -> None:
    while True:
        await copy.follow(client)
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("proxy", PROXIES)
async def test_nodes_take_turns(
    policed_app: FastAPI, writer: httpx2.AsyncClient, proxy: str, tmp_path: Path
) -> None:
    """While one node after the other goes away and comes back, who follows misses nothing."""
    ports = [find_port(), find_port()]
    copy = Copy(PATH, {}, TEAM)
    async with Nodes(policed_app, ports) as nodes:
        with proxied(proxy, tmp_path, *ports) as address:
            async with reached(address, **TEAM) as client:
                await copy.fill(client)
                following = asyncio.create_task(follow_on(copy, client))
                for number in range(12):
                    await create(writer, title=str(number), team=1)
                    if number % 3 == 2:
                        await nodes.turn()
                async with asyncio.timeout(MINUTE_S):
                    while len(copy.rows) < 12:
                        assert not following.done()
                        await asyncio.sleep(0.02)
                following.cancel()
                await asyncio.wait([following])
    assert copy.numbers == sorted(set(copy.numbers))
    assert len(copy.numbers) == 12
