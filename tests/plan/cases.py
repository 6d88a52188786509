"""Cases in text files: a request on its own line, and below it, indented, what becomes of it.

`python -m tests.plan.cases` writes what becomes of each anew. The change is then read as a diff.
"""

from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

FILES = {
    "tests.plan.test_lists": "lists.txt",
    "tests.plan.test_aggregates": "aggregates.txt",
    "tests.plan.test_writes": "writes.txt",
    "tests.statement.test_sql": "sql.txt",
    "tests.statement.test_own": "own.txt",
    "tests.statement.test_caller_door": "callers.txt",
}
"""Files of cases, beside the modules whose `plan` tells what becomes of each."""


def cases(module: str) -> Sequence[Any]:
    """Return the cases of a module: the request, and the lines below it."""
    lines = _path_of(module).read_text().splitlines()
    return [
        pytest.param(line, [told[2:] for told in takewhile(_is_below, lines[at:])], id=line)
        for at, line in enumerate(lines, 1)
        if not _is_below(line)
    ]


def _path_of(module: str) -> Path:
    root = Path(__file__).parents[2]
    return root.joinpath(*module.split(".")).with_name(FILES[module])


def _is_below(line: str) -> bool:
    return line.startswith("  ")


def main() -> None:
    """Write what becomes of each case anew."""
    for name in FILES:
        module = import_module(name)
        requests = [param.values[0] for param in cases(name)]
        lines = [
            line for text in requests for line in (text, *map("  {}".format, module.plan(text)))
        ]
        _path_of(name).write_text("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
