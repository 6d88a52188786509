"""A client that openapi-python-client generates from the document type-checks, and works."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from examples import league

from .test_document import serve

USE = Path(__file__).with_name("use_client.py")


def run(*command: str, cwd: Path) -> str:
    """Run a Python module, which must succeed; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(cwd), "MYPY_CACHE_DIR": str(cwd / ".mypy_cache")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the generated package, and a program that uses it."""
    directory = tmp_path_factory.mktemp("client")
    (directory / "openapi.json").write_text(json.dumps(league.app.openapi()))
    (directory / "config.yml").write_text("post_hooks: []\n")
    (directory / "use_client.py").write_text(USE.read_text())
    options = "--path openapi.json --output-path league_client --config config.yml --meta none"
    output = run("openapi_python_client", "generate", *options.split(), cwd=directory)
    assert "WARNING" not in output.upper(), output
    return directory


def test_it_type_checks(workplace: Path) -> None:
    """The generated package and a program that uses it are sound in mypy's strict mode."""
    run("mypy", "--strict", "league_client", "use_client.py", cwd=workplace)


def test_it_works(workplace: Path, tmp_path: Path) -> None:
    """What the program asks of the served example is answered as its types say."""
    with serve(f"sqlite:///{tmp_path}/league.db") as url:
        run("use_client", url, cwd=workplace)
