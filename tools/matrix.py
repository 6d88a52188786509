"""Test runs on each supported version of Python whose interpreter is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


def find(version: str) -> str | None:
    """Return the interpreter of a version: on the path, or one that pyenv has installed."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    installed = sorted(root.glob(f"{version}.*/bin/python{version}"), reverse=True)
    for candidate in (shutil.which(f"python{version}"), *map(str, installed)):
        if candidate is not None and runs(candidate, version):
            return candidate
    return None


def runs(python: str, version: str) -> bool:
    """Whether an interpreter starts, and is of a version; pyenv's shims may do neither."""
    code = "import sys; print('{}.{}'.format(*sys.version_info))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    return done.returncode == 0 and done.stdout.strip() == version


def test_on(python: str, version: str, arguments: list[str]) -> bool:
    """Install the requirements of the tests in a fresh environment, and run them."""
    place = Path(f".venv-{version}")
    inside = str(place / "bin" / "python")
    steps = [
        [python, "-m", "venv", str(place)],
        [inside, *PIP, "-r", "requirements.txt"],
        [inside, *PIP, "--no-deps", "--no-build-isolation", "-e", "."],
        [inside, "-m", "pytest", *arguments],
    ]
    return all(subprocess.run(step, check=False).returncode == 0 for step in steps)  # noqa: S603


def main() -> None:
    """Run the tests on each version, and print the outcomes at the end."""
    outcomes = {}
    for version in VERSIONS:
        python = find(version)
        if python is None:
            outcomes[version] = "has no interpreter here"
            continue
        outcomes[version] = "passed" if test_on(python, version, sys.argv[1:]) else "FAILED"
    for version, outcome in outcomes.items():
        print(f"Python {version}: {outcome}")  # noqa: T201 - the outcome
    sys.exit("FAILED" in outcomes.values())


if __name__ == "__main__":
    main()
