"""The small applications, copied to where they are checked, and the faults planted in them."""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.cli.commands import Done, run_command

APPS = Path(__file__).parent / "apps"
FAULTY = sorted(path for path in (APPS / "faulty").iterdir() if not path.name.startswith("_"))
CLEAN = sorted(path for path in (APPS / "clean").iterdir() if not path.name.startswith("_"))


class Fault(NamedTuple):
    """A fault: its code, the file and the line."""

    code: str
    path: str
    line: int


def copy(application: Path, place: Path) -> str:
    """Copy an application into a folder; returns what names it to the command."""
    if application.is_file():
        shutil.copy(application, place)
        return application.name
    shutil.copytree(application, place, dirs_exist_ok=True)
    target = place / "TARGET"
    return target.read_text().strip() if target.exists() else "main.py"


def check(place: Path, *arguments: str) -> Done:
    """Check an application in its folder."""
    return run_command(["check", *arguments], place, {})


def found_in(place: Path, target: str, *arguments: str) -> set[Fault]:
    """Return the faults that are found in an application."""
    done = check(place, target, "--json", *arguments)
    assert done.returncode in {0, 1}, done.stderr
    findings: Sequence[dict[str, str]] = json.loads(done.stdout)
    found = {Fault(f["code"], f["path"], int(f["line"])) for f in findings}
    assert bool(found) == bool(done.returncode)
    return found


def planted_in(place: Path) -> set[Fault]:
    """The faults that comments name."""
    return {
        Fault(code, path.relative_to(place).as_posix(), number)
        for path in place.rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if (named := re.search(r"# fault: (.+)$", line))
        for code in named[1].split()
    }
