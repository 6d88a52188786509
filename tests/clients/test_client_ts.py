"""Our client in TypeScript: it is strict, derives the types of answers, and does what it says."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from modelwire import Database
from modelwire.cli.client.described import describe_application
from modelwire.cli.client.typescript import write_typescript
from tests.conftest import DIALECTS, ZOO, MakeURL, make_app
from tests.live.conftest import serve_app

from .serving import APPLICATIONS, Unreliable, open_application, run_program
from .tools import MODULES, link_modules, require_node, run

PROGRAMS = Path(__file__).parent / "programs"
TSX = ("node", str(MODULES / ".bin" / "tsx"))
STRICT = PROGRAMS / "tsconfig.json"


def make_applications() -> dict[str, FastAPI]:
    """Make every application that is generated from, without its database."""
    made = {
        name: make(Database("sqlite://", **({} if metadata is None else {"metadata": metadata})))
        for name, (make, metadata) in APPLICATIONS.items()
    }
    return {**made, "zoo": make_app(Database("sqlite://"), "direct", ZOO, {})}


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a client of each application, and the programs that use it."""
    require_node()
    directory = tmp_path_factory.mktemp("clients")
    link_modules(directory)
    (directory / "tsconfig.json").write_text(STRICT.read_text())
    for name, app in make_applications().items():
        client = directory / name / "client"
        client.mkdir(parents=True)
        for file, text in write_typescript(describe_application(app)).items():
            (client / file).write_text(text)
        for program in (f"{name}.ts", "check.ts", *(("retries.ts",) if name == "league" else ())):
            if (PROGRAMS / program).is_file():
                (client.parent / program).write_text((PROGRAMS / program).read_text())
    return directory


def test_types(clients: Path) -> None:
    """Clients and programs compile under every strict setting; what is wrong in them does not."""
    run("npx tsc -p .", clients)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", APPLICATIONS)
async def test_programs(name: str, dialect: str, clients: Path, make_url: MakeURL) -> None:
    """A client does what its types say, on both databases."""
    async with open_application(name, dialect, make_url) as url:
        output = await run_program(*TSX, f"{name}.ts", url, directory=clients / name)
    assert output == "done\n"


async def test_retries(clients: Path) -> None:
    """What is safe to repeat is repeated, for a while, and nothing else is."""
    async with serve_app(Unreliable().app) as port:
        url = f"http://127.0.0.1:{port}"
        output = await run_program(*TSX, "retries.ts", url, directory=clients / "league")
    assert output == "done\n"


def test_is_the_same_each_time() -> None:
    """What is generated depends on the application alone."""
    first, second = (
        {name: write_typescript(describe_application(app)) for name, app in make().items()}
        for make in (make_applications, make_applications)
    )
    assert first == second
