"""The example with some rows, and the document of harder tables, each served."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Never

import pytest

from modelwire import Database
from tests.conftest import ZOO, make_app
from tests.docs.pages import snippets_of, steps_of
from tests.docs.shell import Shell
from tests.folders import serve_folder

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
    with serve_folder(directory) as url:
        yield url
