"""The example with some rows, and the document of harder tables, each served."""

import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Never

import pytest

from modelwire import Database
from tests.conftest import ZOO, make_app
from tests.docs.pages import snippets_of, steps_of
from tests.docs.shell import Shell

from .page import PAGE


def _no_postgresql() -> Never:
    raise AssertionError("the page needs no PostgreSQL")


@pytest.fixture
def league_url(tmp_path: Path) -> Iterator[str]:
    """The URL of the served example, with the rows that the page stores."""
    directory = tmp_path / "server"
    directory.mkdir()
    shell = Shell(directory, _no_postgresql)
    first = next(snippet for snippet in snippets_of(PAGE) if snippet.language == "console")
    try:
        for step in steps_of(first):
            shell.run(step)
        yield shell.url
    finally:
        shell.stop()


@pytest.fixture
def zoo_url(tmp_path: Path) -> Iterator[str]:
    """The URL of a server that has the document of the zoo, and nothing else."""
    directory = tmp_path / "document"
    directory.mkdir()
    document = make_app(Database("sqlite://"), "direct", ZOO, {}).openapi()
    (directory / "openapi.json").write_text(json.dumps(document))
    handler = partial(_Quiet, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...
