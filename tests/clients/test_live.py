"""The page of a live list, in a browser."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from examples import live as example
from modelwire import Database
from tests.live.conftest import serve_app

from .tools import DEADLINE_S, find_chromium, link_modules, require_node

SCRIPT = Path(__file__).with_name("live.mjs")
Shown = list[list[object]]


@asynccontextmanager
async def opened(url: str, directory: Path) -> AsyncIterator[asyncio.StreamReader]:
    """The page in a browser; yields what it shows, line by line."""
    require_node()
    chromium = find_chromium()
    link_modules(directory)
    (directory / SCRIPT.name).write_text(SCRIPT.read_text())
    browser = await asyncio.create_subprocess_exec(
        "node",
        SCRIPT.name,
        url,
        chromium,
        cwd=directory,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert browser.stdin is not None
    assert browser.stdout is not None
    try:
        yield browser.stdout
    finally:
        browser.stdin.close()
        await browser.wait()


async def wait_for(shown: asyncio.StreamReader, expected: Shown) -> None:
    """Wait until the page shows some tasks."""
    async with asyncio.timeout(DEADLINE_S):
        while json.loads(await shown.readline()) != expected:
            pass


async def test_live_list(tmp_path: Path) -> None:
    """Changes of another client appear, also after the server was away."""
    database = Database(f"sqlite:///{tmp_path}/tasks.db", metadata=example.Table.metadata)
    app = example.create_app(database)
    async with database.lifespan(app), serve_app(app) as port:
        url = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=url) as client:
            assert (await client.post("/tasks/", json={"title": "One"})).status_code == 201
            async with opened(url, tmp_path) as shown:
                await wait_for(shown, [["One", False]])
                assert (await client.post("/tasks/", json={"title": "Two"})).status_code == 201
                await wait_for(shown, [["One", False], ["Two", False]])
                await client.patch("/tasks/2", json={"done": True})
                await wait_for(shown, [["One", False], ["Two", True]])
                await client.delete("/tasks/1")
                await wait_for(shown, [["Two", True]])
