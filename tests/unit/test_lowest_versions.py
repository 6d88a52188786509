"""The lowest versions that are supported are those that are tested."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXTRAS = ("docs", "excel", "metrics", "migrate", "parquet", "serve", "zstd")


def read_versions(lines: Iterable[str], operator: str) -> dict[str, list[str]]:
    """The version that each line names behind an operator, without zeros at its end."""
    found = {}
    for line in lines:
        name, _, version = re.sub(r"\[\w+\]", "", line).partition(operator)
        found[name] = re.sub(r"(\.0)+$", "", re.split("[,;]", version)[0]).split(".")
    return found


def test_lowest_versions() -> None:
    """`requirements-lowest.txt` has for each dependency the version from which it is allowed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    extras = (line for name in EXTRAS for line in optional[name])
    allowed = read_versions((x for x in (*project["dependencies"], *extras) if ">=" in x), ">=")
    lines = (ROOT / "requirements-lowest.txt").read_text().splitlines()
    pinned = read_versions((line for line in lines if not line.startswith("#")), "==")
    assert {name: pinned.get(name) for name in allowed} == allowed
