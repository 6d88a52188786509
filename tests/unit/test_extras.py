"""Without what only some services need, the library works, and says what to install."""

import subprocess
import sys
import textwrap

import pytest

WITHOUT = """
import sys

class Blocked:
    names = {names!r}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
"""

ALL = ("typer", "uvicorn", "httptools", "fastapi_offline", "prometheus_client", "mcp")

SERVICE = """
import asyncio
import os
import httpx2
from fastapi import FastAPI
from modelwire import ConfigurationError, Database, Resource, mount
from sqlmodel import Field, SQLModel

class Item(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str

def serve(**options):
    database = Database("sqlite://", create_tables=True)
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, Resource(Item), **options)
    return app, database

async def ask(app, database):
    transport = httpx2.ASGITransport(app=app)
    async with database.lifespan(app), httpx2.AsyncClient(
        transport=transport, base_url="http://localhost"
    ) as client:
        created = await client.post("/item/", json={"name": "first"})
        docs = await client.get("/docs")
        print(created.status_code, created.json(), docs.status_code)
        print("from here" if "docs-assets" in docs.text else "from elsewhere")
"""


def run(
    code: str, *without: str, arguments: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    program = textwrap.dedent(WITHOUT.format(names=without)) + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_library_serves_without_extras() -> None:
    done = run(SERVICE + "asyncio.run(ask(*serve()))", *ALL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == "201 {'id': 1, 'name': 'first'} 200"
    assert "from elsewhere" in done.stdout


def test_docs_come_from_here_where_they_are_installed() -> None:
    done = run(SERVICE + "asyncio.run(ask(*serve()))")
    assert "from here" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("call", "missing", "extra"),
    [
        ("os.environ.update(MODELWIRE_METRICS='true'); serve()", "prometheus-client", "metrics"),
        ("serve(mcp=True)", "mcp", "mcp"),
        ("serve(offline_docs=True)", "fastapi-offline", "docs"),
    ],
)
def test_what_needs_an_extra_says_so(call: str, missing: str, extra: str) -> None:
    code = f"""
try:
    {call}
except ConfigurationError as exc:
    print(exc)
"""
    done = run(SERVICE + code, *ALL)
    sentence = f"needs the package {missing}, which is not installed: pip install"
    assert sentence in done.stdout, done.stderr
    assert f"'modelwire[{extra}]'" in done.stdout


@pytest.mark.parametrize("missing", ["typer", "uvicorn", "httptools"])
@pytest.mark.parametrize("module", ["modelwire", "modelwire.cli.start"])
def test_command_says_what_it_needs(missing: str, module: str) -> None:
    code = "import runpy; runpy.run_module('modelwire', run_name='__main__')"
    start = "from modelwire.cli.start import main; main()"
    done = run(code if module == "modelwire" else start, missing, arguments=("serve", "app.py"))
    assert done.returncode == 1
    assert done.stderr == (
        f"modelwire: The command modelwire needs the package {missing}, which is not installed: "
        "pip install 'modelwire[serve]'\n"
    )


@pytest.mark.parametrize("command", [("show",), ("make", "first tables", "--app", "app.py")])
def test_migrate_says_what_it_needs(command: tuple[str, ...]) -> None:
    """The other commands do without Alembic."""
    start = "from modelwire.cli.start import main; main()"
    done = run(start, "alembic", arguments=("migrate", *command))
    assert done.returncode == 2
    assert done.stderr == (
        "modelwire: modelwire migrate needs the package alembic, which is not installed: "
        "pip install 'modelwire[migrate]'\n"
    )
    assert run(start, "alembic", arguments=("--version",)).returncode == 0
