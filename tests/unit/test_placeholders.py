"""Placeholders in SQL of modelwire's own, beside that of SQLAlchemy."""

import ast
import re
from pathlib import Path

import modelwire

SOURCE = Path(modelwire.__file__).parent


def test_no_placeholder_has_a_number() -> None:
    """For `sqlite3` a placeholder such as `?1` is named, and Python 3.14 refuses a sequence of
    values for it (Python manual, sqlite3, `Cursor.execute`)."""
    numbered = [
        f"{path.relative_to(SOURCE)}: {node.value.strip()}"
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.search(r"[\s(=]\?\d", node.value)
    ]
    assert numbered == []
