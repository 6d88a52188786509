"""Edits of files: applied, shown as a diff, and written."""

from __future__ import annotations

import ast
import difflib
import os
import tempfile
import tokenize
from collections.abc import Mapping, Sequence
from pathlib import Path

from .finding import Edit, Finding
from .source import Source


def mend(findings: Sequence[Finding]) -> Mapping[Source, str]:
    """Apply the edits of findings.

    Returns:
        The new text of each file that has any.
    """
    edits: dict[Source, set[Edit]] = {}
    for finding in findings:
        if finding.found.edits:
            edits.setdefault(finding.found.source, set()).update(finding.found.edits)
    return {source: _apply(source, found) for source, found in edits.items()}


def _apply(source: Source, edits: set[Edit]) -> str:
    text = source.text
    for edit in sorted(edits, key=lambda e: (e.start, e.text), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    for line in sorted({edit.needs for edit in edits} - {""}):
        text = _import(text, line)
    ast.parse(text)
    return text


def _import(text: str, line: str) -> str:
    """Insert an import before the first of a file, below its docstring and `__future__`."""
    tree = ast.parse(text)
    imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    if any(ast.unparse(node) == line for node in imports):
        return text
    own = [n for n in imports if not (isinstance(n, ast.ImportFrom) and n.module == "__future__")]
    place = own[0].lineno - 1 if own else 0
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:place], f"{line}\n", *lines[place:]])


def show_diff(source: Source, text: str, name: str) -> str:
    """Return the changes of a file, in the form of `diff -u`."""
    before, after = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    return "".join(difflib.unified_diff(before, after, name, name))


def write_file(path: Path, text: str) -> None:
    """Write a file atomically, keeping its encoding, line ends and permissions.

    Raises:
        OSError: It can't be written; it is unchanged then.
    """
    raw = path.read_bytes()
    with path.open("rb") as file:
        encoding = tokenize.detect_encoding(file.readline)[0]
    newline = "\r\n" if b"\r\n" in raw else "\n"
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding=encoding, newline=newline) as file:
            file.write(text)
        Path(name).chmod(path.stat().st_mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
