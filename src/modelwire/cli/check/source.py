"""Files of an application: their text, their syntax tree, and the codes that comments ignore."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

Def = ast.FunctionDef | ast.AsyncFunctionDef

_IGNORE = re.compile(r"#\s*modelwire:\s*ignore(?:\[([^\]]*)\])?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """File of an application.

    Args:
        path: Its path.
        text: Its text.
        tree: Its syntax tree.
        module: The module loaded from it; None for tests, which are not imported.
        parents: The parent of each node of the tree.
        ignored: The codes that comments ignore, by line; none stands for all.
    """

    path: Path
    text: str
    tree: ast.Module
    module: ModuleType | None
    parents: Mapping[ast.AST, ast.AST] = field(repr=False)
    ignored: Mapping[int, frozenset[str]] = field(repr=False)

    def functions(self) -> Iterator[Def]:
        """Yield the functions of the file, those in classes and functions among them."""
        for node in ast.walk(self.tree):
            if isinstance(node, Def):
                yield node

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the ancestors of a node, from the inside out."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def function_of(self, node: ast.AST) -> Def | None:
        """Return the innermost function that contains a node; None outside of functions."""
        return next((n for n in self.above(node) if isinstance(n, Def | ast.Lambda)), None)  # type: ignore[return-value]

    def offset(self, line: int, column: int) -> int:
        """Return the offset in the text of a position in the tree.

        Args:
            line: Counted from 1.
            column: Counted from 0, in bytes, as `ast` does.
        """
        lines = self.text.splitlines(keepends=True)
        before = "".join(lines[: line - 1])
        return len(before) + len(lines[line - 1].encode()[:column].decode())

    def start_of(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> int:
        """Return the offset of a node's start in the text."""
        return self.offset(node.lineno, node.col_offset)

    def end_of(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> int:
        """Return the offset of a node's end in the text."""
        return self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def ignores(self, node: ast.AST, code: str) -> bool:
        """Whether a comment on one of the first lines of a node ignores a code."""
        first = getattr(node, "lineno", 1)
        header = node.body[0].lineno if isinstance(node, Def | ast.ClassDef) else None
        last = header or getattr(node, "end_lineno", first) + 1
        found = [self.ignored[n] for n in range(first, max(last, first + 1)) if n in self.ignored]
        return any(not codes or code in codes for codes in found)


def read_source(path: Path, module: ModuleType | None = None) -> Source:
    """Read a file.

    Raises:
        SyntaxError: It is no valid Python.
        OSError: It can't be read.
    """
    with tokenize.open(path) as file:
        text = file.read()
    tree = ast.parse(text, str(path))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return Source(path, text, tree, module, parents, _find_ignored(text))


def _find_ignored(text: str) -> Mapping[int, frozenset[str]]:
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and (match := _IGNORE.search(token.string)):
            names = (match[1] or "").replace(",", " ").split()
            found[token.start[0]] = frozenset(name.upper() for name in names)
    return found
