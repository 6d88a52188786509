"""Our client in TypeScript: it is strict, derives the types of answers, and does what it says."""

from pathlib import Path

import pytest

from modelwire.cli.client.typescript import write_typescript
from tests.conftest import MakeURL
from tests.lanes import DIALECTS
from tests.live.conftest import serve_app

from .generated import PROGRAMS, is_the_same_each_time, write_clients
from .serving import APPLICATIONS, Unreliable, open_application, run_program
from .tools import MODULES, link_modules, require_node, run

TSX = ("node", str(MODULES / ".bin" / "tsx"))


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a client of each application, and the programs that use it."""
    require_node()
    directory = tmp_path_factory.mktemp("clients")
    link_modules(directory)
    (directory / "tsconfig.json").write_text((PROGRAMS / "tsconfig.json").read_text())
    write_clients(directory, "client", write_typescript, ".ts")
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
    """Safe requests are retried, for a while, and no others."""
    async with serve_app(Unreliable().app) as port:
        url = f"http://127.0.0.1:{port}"
        output = await run_program(*TSX, "retries.ts", url, directory=clients / "league")
    assert output == "done\n"


def test_is_the_same_each_time() -> None:
    """The output depends on the application alone."""
    assert is_the_same_each_time(write_typescript)
