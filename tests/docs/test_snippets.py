"""Every snippet of the documentation is run, and does what the page says.

The language of a fenced block says what is done with it:

- `python` with a title, as in ```` ```python title="models.py" ````, is a complete file. It is
  written to the page's own directory, over an earlier one of that name. Each is run: by a command
  that names it, by a file that imports it, by pytest, or by `modelwire migrate apply`.
- `console` has commands, which start with `$ `, and what they answer. They run in the page's
  directory, in order. `modelwire serve` and `make serve` start a real server on a free port,
  in place of the one before; `curl` asks it; `pytest`, `python` and the other commands of
  `modelwire` run, and fail where rows are shown to be refused; `make test` is looked up. After
  `cd` into a project, its own `make` runs, with what is installed here.
  Moments, entity tags, ids of requests and durations may differ, and JSON may be laid out in
  lines. With `curl -i` the headers that are shown are compared. A `postgresql://` URL becomes that
  of an empty database.
- `csv` and `yaml` with a title are files.
- `json` is parsed. `text` is not run.

The page on generated clients has other languages. `tests/clients` compiles and runs what it shows.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import fastapi
import pytest
import pytest_asyncio
from packaging.version import Version

from .pages import PAGES, Snippet, page_id, snippets_of, steps_of
from .shell import Shell

LANGUAGES = {"python", "console", "csv", "json", "text", "yaml"}
PLAYED = [page for page in PAGES if page.name != "generate-a-client.md"]

FASTAPI = Version(fastapi.__version__)
SINCE = {"own-endpoints.md": Version("0.122")}
"""Pages that show what newer versions of FastAPI answer: 401 of its `HTTPBearer`, once 403."""


class _Page:
    """Plays a page from its beginning to its end."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.written: dict[str, str] = {}
        self.commands: list[str] = []

    def play(self, snippet: Snippet) -> None:
        match snippet.language:
            case "python":
                assert snippet.title, f"{snippet.place}: a python snippet has a title"
                self._write(snippet.title, snippet.text)
            case "csv" | "yaml":
                assert snippet.title, f"{snippet.place}: a {snippet.language} snippet has a title"
                self._write(snippet.title, snippet.text)
            case "console":
                for step in steps_of(snippet):
                    self.commands.append(step.command)
                    self.shell.run(step)
            case "json":
                json.loads(snippet.text)
                if snippet.title:
                    self._write(snippet.title, snippet.text)

    def _write(self, title: str, text: str) -> None:
        self.shell.write(title, text + "\n")
        self.written[title] = text

    def unused(self) -> list[str]:
        """The files that no command names, no other file imports and no tool finds itself."""
        collected = any("pytest" in command for command in self.commands)
        migrated = any("migrate apply" in command for command in self.commands)
        served = any(command.endswith("make serve") for command in self.commands)
        made = any(command.startswith("make test ") for command in self.commands)
        imported = set(
            re.findall(r"^(?:from|import) (\w+)\b", "\n".join(self.written.values()), re.MULTILINE)
        )
        return [
            name
            for name in self.written
            if not any(
                name in command or f" {Path(name).stem}:" in command for command in self.commands
            )
            and name.removesuffix(".py") not in imported
            and not (collected and name.startswith(("conftest", "test_")))
            and not (made and name.startswith("tests/test_"))
            and not (served and name.startswith("src/"))
            and not (migrated and name.startswith("migrations/versions/"))
        ]


@pytest_asyncio.fixture
async def empty_postgresql(postgres_server: str, worker_id: str) -> AsyncIterator[str]:
    """The URL of an empty PostgreSQL database."""
    name = f"modelwire_docs_{worker_id}"
    admin = await asyncpg.connect(postgres_server)
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.execute(f'CREATE DATABASE "{name}"')
    head, separator, query = postgres_server.partition("?")
    yield f"{head.rpartition('/')[0]}/{name}{separator}{query}"
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
def shell(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shell]:
    """A directory for one page; its server is ended with the test."""
    directory = tmp_path / "page"
    directory.mkdir()
    shell = Shell(directory, lambda: request.getfixturevalue("empty_postgresql"))
    # PostgreSQL, where the page has it, is there before its server and gone after it.
    consoles = (s.text for s in snippets_of(request.param) if s.language == "console")
    if any("postgresql://" in text for text in consoles):
        request.getfixturevalue("empty_postgresql")
    yield shell
    shell.stop()


@pytest.mark.parametrize(
    ("shell", "page"), [(p, p) for p in PLAYED], ids=map(page_id, PLAYED), indirect=["shell"]
)
def test_page_does_what_it_shows(shell: Shell, page: Path) -> None:
    """A reader who types what a page says gets what the page shows."""
    if SINCE.get(page.name, FASTAPI) > FASTAPI:
        pytest.skip(f"what this page shows is answered since FastAPI {SINCE[page.name]}")
    player = _Page(shell)
    for snippet in snippets_of(page):
        assert snippet.language in LANGUAGES, f"{snippet.place}: what is `{snippet.language}`?"
        player.play(snippet)
    assert player.unused() == []
