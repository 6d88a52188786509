"""The site, built once for the tests of a process."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

ZENSICAL = ROOT / ".docs" / "venv" / "bin" / "zensical"
DEADLINE_S = 240.0
"""Seconds that a build may take, on a machine that is busy."""

Build = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def build() -> Build:
    """Run what `make docs` runs, for a folder; skip the test where it is not installed."""
    if not (ROOT / ".docs" / ".installed").is_file():
        pytest.skip("what makes the site is not there: run `make .docs/.installed`")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tools.site", *words]
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=DEADLINE_S
        )

    return run


def strictly(place: Path) -> subprocess.CompletedProcess[str]:
    """Build what is staged in a folder; a warning ends it."""
    command = [str(ZENSICAL), "build", "--strict", "-f", str(place / "zensical.toml")]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
        env={"NO_COLOR": "1"},
    )


@pytest.fixture(scope="session")
def site(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site."""
    place = tmp_path_factory.mktemp("docs")
    done = build("build", "--place", str(place))
    assert done.returncode == 0, done.stdout + done.stderr
    return place / "site"
