"""A browser, and the library that it is used in, on each kind of database."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from modelwire import Database
from tests.admin.library import (
    EXPIRED,
    Base,
    make_rows,
    serve_everybody,
    serve_members,
    serve_readers,
)
from tests.clients.tools import find_chromium, link_modules, require_node, run
from tests.conftest import PATIENT, MakeURL
from tests.lanes import DIALECTS
from tests.live.conftest import serve_app

HERE = Path(__file__).parent
BROWSER, PAGE = "browser.mjs", "page.mjs"

Watch = Callable[[str], Awaitable[Any]]


@pytest.fixture(scope="package")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the scripts, which find their libraries there."""
    require_node()
    directory = tmp_path_factory.mktemp("admin")
    link_modules(directory)
    for name in (BROWSER, PAGE):
        (directory / name).write_text((HERE / name).read_text())
    return directory


@pytest.fixture(scope="package")
def browser(scripts: Path) -> Iterator[str]:
    """The address of a browser that all tests share."""
    command = ["node", BROWSER, find_chromium()]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=scripts, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(timeout=60)


@pytest_asyncio.fixture(scope="package", params=DIALECTS)
async def urls(request: pytest.FixtureRequest, make_url: MakeURL) -> AsyncIterator[str]:
    """The URLs of the library of everybody, of readers and of members, with the same rows."""
    url = await make_url(request.param, "admin")
    database = Database(url, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    everybody, readers = serve_everybody(database), serve_readers(database)
    async with database.session() as session:
        for row in make_rows():
            session.add(row)
            await session.flush()  # so that keys count up in this order
        await session.commit()
    members = serve_members(database)
    async with serve_app(everybody) as a, serve_app(readers) as b, serve_app(members) as c:
        yield " ".join(f"http://127.0.0.1:{port}" for port in (a, b, c))
    EXPIRED.clear()
    await database.close_db()


@pytest.fixture
def watch(scripts: Path, browser: str, urls: str) -> Watch:
    """Have a browser go through a scenario of the script, and give what was seen.

    No error is allowed on the way, no style that the page's policy refuses, and no request to
    anywhere else.
    """

    async def watch(scenario: str) -> Any:
        command = f"node {PAGE} {browser} {urls} {scenario}"
        printed = await asyncio.to_thread(run, command, scripts)
        result = json.loads(printed.splitlines()[-1])
        assert "failed" not in result, result["failed"]
        assert result["errors"] == []
        return result["saw"]

    return watch
