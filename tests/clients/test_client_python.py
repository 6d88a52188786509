"""Our client in Python: it is sound in mypy's strict mode, formatted, and does what it says."""

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire.cli.client.python.files import write_python
from modelwire.cli.client.python.text import write_docstring, write_literal
from tests.conftest import MakeURL
from tests.lanes import DIALECTS
from tests.live.conftest import serve_app

from .generated import UNSERVED, is_the_same_each_time, write_clients
from .serving import APPLICATIONS, Unreliable, open_application, run_program
from .tools import run

texts = st.text() | st.text("'\"\\\nn{}$`")


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a client of each application, and the programs that use it."""
    directory = tmp_path_factory.mktemp("clients")
    write_clients(directory, "api", write_python, ".py")
    return directory


@pytest.mark.parametrize("name", [*APPLICATIONS, *UNSERVED])
def test_types(name: str, clients: Path) -> None:
    """Clients and programs are sound in strict mode; what is wrong in them is not."""
    directory = clients / name
    # What clients have in common is looked at once.
    run(
        f"mypy --strict --warn-unreachable --cache-dir ../.mypy_cache {_files(directory)}",
        directory,
    )


def test_format(clients: Path) -> None:
    """Generated code is formatted as by ruff."""
    generated = [
        f"{n}/api/{f}.py" for n in (*APPLICATIONS, *UNSERVED) for f in ("client", "problems")
    ]
    run(f"python -m ruff format --isolated --check --diff {' '.join(generated)}", clients)
    run("python -m ruff check --isolated .", clients)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", APPLICATIONS)
async def test_programs(name: str, dialect: str, clients: Path, make_url: MakeURL) -> None:
    """A client does what its types say, on both databases."""
    async with open_application(name, dialect, make_url) as url:
        output = await run_program(sys.executable, f"{name}.py", url, directory=clients / name)
    assert output == "done\n"


async def test_retries(clients: Path) -> None:
    """Safe requests are retried, for a while, and no others."""
    async with serve_app(Unreliable().app) as port:
        url = f"http://127.0.0.1:{port}"
        output = await run_program(sys.executable, "retries.py", url, directory=clients / "league")
    assert output == "done\n"


async def test_oddities(clients: Path) -> None:
    """Names are those on the wire, whatever is in them, and none is the name of two."""
    program = "oddities.py"
    output = await run_program(sys.executable, program, directory=clients / "oddities")
    assert output == "done\n"


@given(text=texts)
def test_texts_end_where_they_are_said_to(text: str) -> None:
    """The content of a text or a docstring stays a value, and never becomes code."""
    assert ast.literal_eval(write_literal(text)) == text
    assert ast.literal_eval(write_docstring(text)) == text


def test_is_the_same_each_time() -> None:
    """The output depends on the application alone."""
    assert is_the_same_each_time(write_python)


def _files(directory: Path) -> str:
    return " ".join(["api", *(path.name for path in directory.glob("*.py"))])
