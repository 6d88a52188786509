"""The docs page of fifty tables, in a browser."""

import asyncio
import json
from pathlib import Path

from tests.http.test_document import serve_chain
from tests.live.conftest import serve_app

from .tools import find_chromium, link_modules, require_node, run

SCRIPT = Path(__file__).with_name("docs_page.mjs")
MOST = {"opened": 5.0, "details": 1.0}
"""Seconds of work that the page may take to open, and for the details of a list."""


async def test_docs_page_of_fifty_tables(tmp_path: Path) -> None:
    """It opens at once, and shows what a list takes: what is needed most often first."""
    require_node()
    chromium = find_chromium()
    link_modules(tmp_path)
    (tmp_path / SCRIPT.name).write_text(SCRIPT.read_text())
    async with serve_app(serve_chain(50)) as port:
        command = f"node {SCRIPT.name} http://127.0.0.1:{port} {chromium}"
        printed = await asyncio.to_thread(run, command, tmp_path)
    shown = json.loads(printed.splitlines()[0])
    assert {name: shown[name] for name in MOST if shown[name] > MOST[name]} == {}
    assert [name.strip(" *") for name in shown["names"]][:3] == ["limit", "cursor", "sort"]
    assert shown["errors"] == []
    assert '"next_id"' in shown["example"]
    assert shown["sent"].endswith("/chain24/?limit=10")
