"""Requirements of pyproject.toml without versions, printed for `make newest` to install."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

_NAME = re.compile(r"[\w.-]+(\[[\w,-]+\])?")


def unpinned(lines: Iterable[str]) -> Iterator[str]:
    """Yield the names of requirements with their extras, but for modelwire's own."""
    for line in lines:
        found = _NAME.match(line)
        if found is not None and not line.startswith("modelwire["):
            yield found[0]


def main() -> None:
    """Print the requirements of the project, of its extras and of its tests."""
    whole = tomllib.loads(Path("pyproject.toml").read_text())
    project = whole["project"]
    lines = [*project["dependencies"], *whole["dependency-groups"]["dev"]]
    for extra in project["optional-dependencies"].values():
        lines += extra
    print(*sorted(set(unpinned(lines))), sep="\n")  # noqa: T201 - the output


if __name__ == "__main__":
    main()
