"""The tools of this folder, which `make` installs, and how their commands are run."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

HOME = ROOT / ".clients"
MODULES = HOME / "node_modules"
DEADLINE_S = 300.0
"""Seconds that a command may take, on a machine that is busy."""

_PACKAGES = HOME / "python"
_JAR = _PACKAGES / "openapi_generator_cli" / "openapi-generator.jar"

_NOT_OURS = (
    "OpenAPI 3.1 support is still in beta",
    "Failed to get the schema name: null",  # for any body of any document in OpenAPI 3.1
    "(reserved word) cannot be used as model name",  # for any parameter of such a name
)
"""Warnings of OpenAPI Generator that are about itself."""


def require_node() -> None:
    """Skip the test where what runs on Node.js is not there."""
    _require("node")
    if not MODULES.is_dir():
        pytest.skip("what npm installs is not there: run `make .clients/.installed`")


def require_java() -> None:
    """Skip the test where OpenAPI Generator can't run."""
    _require("java")
    if not _JAR.is_file():
        pytest.skip("openapi-generator-cli is not there: run `make .clients/.installed`")


def find_chromium() -> str:
    """Find the browser; skip the test where there is none."""
    return _require("chromium")


def _require(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


def run(command: str, directory: Path) -> str:
    """Run a command as a page shows it, which must succeed; returns what it prints."""
    program, *words = shlex.split(command)
    if program == "npx":
        words[0] = str(MODULES / ".bin" / words[0])
    done = subprocess.run(
        [*_PROGRAMS.get(program, [program]), *words],
        cwd=directory,
        env=environment(directory),
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def generate(command: str, directory: Path) -> None:
    """Run a command that generates a client, and has nothing to say against the document."""
    output = run(command, directory)
    warnings = [
        line
        for line in output.splitlines()
        if "warn" in line.lower() and not any(known in line for known in _NOT_OURS)
    ]
    assert not warnings, f"{command}\n{output}"


def link_modules(directory: Path) -> None:
    """Have programs in a directory find what npm has installed."""
    (directory / "node_modules").symlink_to(MODULES)
    (directory / "package.json").write_text((HOME / "package.json").read_text())


def environment(directory: Path) -> dict[str, str]:
    """The environment of programs in a directory: none of ours."""
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("MODELWIRE_", "PYTEST_"))}
    return {
        **outer,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "CI": "1",
        "NO_COLOR": "1",
        "PYTHONPATH": os.pathsep.join([str(directory), str(directory / "client"), str(_PACKAGES)]),
        "MYPY_CACHE_DIR": str(directory / ".mypy_cache"),
        "REDOCLY_TELEMETRY": "off",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    }


_MODULE = [sys.executable, "-m"]
_BRIEF = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]  # half the work, for seconds of Java
_CLASSES = ["-cp", f"classes{os.pathsep}{_JAR}"]  # the jar has the libraries that clients need too
_PROGRAMS = {
    "npx": ["node"],
    "python": [sys.executable],
    "mypy": [*_MODULE, "mypy"],
    "openapi-python-client": [*_MODULE, "openapi_python_client"],
    "openapi-generator-cli": ["java", *_BRIEF, "-jar", str(_JAR)],
    "javac": ["javac", *(f"-J{option}" for option in _BRIEF), *_CLASSES],
    "java": ["java", *_BRIEF, *_CLASSES],
}
