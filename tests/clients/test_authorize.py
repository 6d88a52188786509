"""The button of the docs page by which a caller signs in, in a browser."""

import asyncio
import json
from pathlib import Path

import httpx2

from examples import invoices as example
from modelwire import Database
from tests.live.conftest import serve_app

from .tools import find_chromium, link_modules, require_node, run

SCRIPT = Path(__file__).with_name("authorize.mjs")
NAME, PASSWORD = "ann@example.com", "a long password"


async def test_authorize_button(tmp_path: Path) -> None:
    """After signing in, a caller sends a token along, and sees its own rows."""
    require_node()
    chromium = find_chromium()
    link_modules(tmp_path)
    (tmp_path / SCRIPT.name).write_text(SCRIPT.read_text())
    database = Database(f"sqlite:///{tmp_path}/invoices.db", metadata=example.Table.metadata)
    app = example.create_app(database)
    async with database.lifespan(app), serve_app(app) as port:
        url = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=url) as client:
            form = {"username": NAME, "password": PASSWORD}
            assert (await client.post("/sign-up", data=form)).status_code == 201
        command = f"node {SCRIPT.name} {url} {NAME} '{PASSWORD}' {chromium}"
        printed = await asyncio.to_thread(run, command, tmp_path)
    shown = json.loads(printed.splitlines()[0])
    assert shown["before"] == {"status": 401, "sent": None}
    assert shown["after"]["status"] == 200
    assert shown["after"]["sent"].startswith("Bearer ")
