"""Docstrings of the package name what they document."""

import ast
from collections.abc import Iterator
from pathlib import Path

import modelwire

SOURCE = Path(modelwire.__file__).parent
CLAUSES = ("What", "How", "Where", "Who", "Which", "When", "That", "If", "Why", "Whatever")
"""Words that begin a clause in place of a noun or a verb; predicates begin with `Whether`."""


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Texts that stand alone as statements, with their lines: also those below constants."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str() as text)):
                yield node.lineno, text


def test_docstrings_begin_with_a_noun_or_a_verb() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {text.splitlines()[0]}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line, text in docstrings(ast.parse(path.read_text()))
        if text.split(maxsplit=1)[0] in CLAUSES
    ]
    assert found == []
