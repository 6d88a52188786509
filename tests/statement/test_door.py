"""No statement reads or writes a table past the one door to rows."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite
from sqlalchemy.engine import Dialect

import modelwire
from modelwire.shape.entries import EntriesShape, ThenShape
from modelwire.shape.lookups import DescendShape, LookupShape
from modelwire.shape.shapes import Shape
from modelwire.shape.writes import (
    CheckShape,
    DeleteShape,
    InsertShape,
    LinkShape,
    UnlinkShape,
    UpdateShape,
)

from .door import find_bypasses, written

SOURCE = Path(modelwire.__file__).parent
DIALECTS = [postgresql(), sqlite()]

PAST_POLICIES = (
    LookupShape,
    DescendShape,
    LinkShape,
    UnlinkShape,
    DeleteShape,
    CheckShape,
    # What the log has of a row is asked of the policy once it is read.
    EntriesShape,
    ThenShape,
)
"""The shapes by which the service looks at rows that a client may not see."""

BUILDING = {"select", "insert", "update", "delete"}
BUILDERS_ELSEWHERE = {
    "catalog/reading/condition_reader.py",
    "catalog/conditions.py",
    "copying/counters.py",
    "copying/notes.py",
    "copying/tables.py",
    "execute/database.py",
    "execute/tables.py",
    "execute/write/triggers.py",
}
"""Modules outside of the door that build statements.

They query the database about itself: whether it is there, its tables and triggers; or read the
conditions of policies, to show them; or copy all rows to another database, for no caller.
"""


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_every_statement_takes_its_rows_from_the_door(
    monkeypatch: pytest.MonkeyPatch, dialect: Dialect
) -> None:
    """What clients may see decides, but for what the service needs for itself."""
    kinds: Counter[type[Shape]] = Counter()
    for shape, text, door in written(monkeypatch, dialect):
        kinds[type(shape)] += 1
        assert not find_bypasses(text, door.targets), text
        check_conditions(shape, text)
    assert set(kinds) == set(Shape.__args__)


def check_conditions(shape: Shape, text: str) -> None:
    if not isinstance(shape, PAST_POLICIES) and not getattr(shape, "hidden", False):
        assert "every_" not in text, text
    elif getattr(shape, "resource", None) is not None:
        assert "every_" not in text, text
        assert "allowed" in text, text
    merges = isinstance(shape, InsertShape) and shape.conflict and not shape.ignores
    if merges or isinstance(shape, UpdateShape):
        assert "allowed" in text, text


def trees(folder: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((SOURCE / folder).rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text())


def test_only_the_door_takes_tables() -> None:
    """Nothing else in `statement` asks a resource or a relation for its table as something to
    select from; `origin` names tables in the log."""
    for name, tree in trees("statement"):
        if name in ("statement/door.py", "statement/origin.py"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ("sql", "link"):
                is_own = isinstance(node.value, ast.Name) and node.value.id == "self"
                assert is_own, f"{name}:{node.lineno}"


def imported(tree: ast.Module) -> set[str]:
    """Return the names that a module imports from SQLAlchemy."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in nodes if (node.module or "").startswith("sqlalchemy")]
    return {alias.name for node in ours for alias in node.names}


def test_only_the_door_begins_writes() -> None:
    for name, tree in trees("statement"):
        if name != "statement/door.py" and "/dialects/" not in name:
            assert not imported(tree) & (BUILDING - {"select"}), name


def test_only_statement_builds_statements() -> None:
    found = {name for name, tree in trees(".") if imported(tree) & BUILDING}
    assert {n for n in found if not n.startswith("statement/")} == BUILDERS_ELSEWHERE
