"""What a browser has seen of the admin page, on each kind of database."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from modelwire import Database
from tests.admin.library import EXPIRED, Base, make_rows, serve_everybody, serve_readers
from tests.clients.tools import find_chromium, link_modules, require_node, run
from tests.conftest import DIALECTS, PATIENT, MakeURL
from tests.live.conftest import serve_app

SCRIPT = Path(__file__).with_name("page.mjs")

OF_THE_PAGE = ("accessible", "keyboard", "phone")
"""What is about the page alone, and as it is whatever the database."""

Results = dict[str, dict[str, Any]]


@pytest_asyncio.fixture(scope="package", params=DIALECTS)
async def results(
    request: pytest.FixtureRequest, make_url: MakeURL, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Results]:
    """What each scenario has seen."""
    require_node()
    chromium = find_chromium()
    directory = tmp_path_factory.mktemp("admin")
    link_modules(directory)
    (directory / SCRIPT.name).write_text(SCRIPT.read_text())
    url = await make_url(request.param, "admin")
    database = Database(url, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    everybody, readers = serve_everybody(database), serve_readers(database)
    await _store_rows(database)
    async with serve_app(everybody) as one, serve_app(readers) as other:
        urls = f"http://127.0.0.1:{one} http://127.0.0.1:{other}"
        left_out = [] if request.param == DIALECTS[0] else OF_THE_PAGE
        command = f"node {SCRIPT.name} {urls} {chromium} {' '.join(left_out)}"
        printed = await asyncio.to_thread(run, command, directory)
    EXPIRED.clear()
    await database.close_db()
    yield json.loads(printed.splitlines()[-1])


async def _store_rows(database: Database) -> None:
    async with database.session() as session:
        for row in make_rows():
            session.add(row)
            await session.flush()  # so that keys count up in this order
        await session.commit()
