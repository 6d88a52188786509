"""Documents for developers of modelwire name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .pages import ROOT

PAGES = [ROOT / "docs/architecture.md", *sorted((ROOT / "docs/decisions").glob("*.md"))]
SOURCE = ROOT / "src/modelwire"
ROOTS = (SOURCE, ROOT, ROOT / "docs")
MADE = {"env.py", "wheels/", ".docs/venv"}
"""Names in projects of users, or of files that a command creates."""

PATH = r"(?!/)(?:[\w.-]+/[\w./-]*|[\w-]+\.py)"


def find(path: str) -> list[Path]:
    """The files, or the folder, that a name of a page stands for."""
    if "/" in path:
        return [root / path for root in ROOTS if (root / path).exists()]
    return [*SOURCE.rglob(path), *(ROOT / "tests").rglob(path)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_file_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(rf"`({PATH})`", page.read_text())) - MADE
    assert [path for path in sorted(named) if not find(path)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_name_stands_in_the_file_that_it_is_said_to_be_in(page: Path) -> None:
    said = re.findall(rf"`([A-Za-z_]\w*)` (?:in|of|\() ?`({PATH})`", page.read_text())
    missing = [
        (name, path)
        for name, path in said
        if not any(
            re.search(rf"\b{name}\b", file.read_text()) for file in find(path) if file.is_file()
        )
        and not any(file.is_dir() for file in find(path))
    ]
    assert missing == []


def test_names_with_files_are_found() -> None:
    """The overview names enough of them for the above to mean something."""
    text = PAGES[0].read_text()
    assert len(re.findall(rf"`({PATH})`", text)) > 80
    assert len(re.findall(rf"`(\w+)` (?:in|of|\() ?`({PATH})`", text)) > 15
