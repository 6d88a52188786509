"""Cascades that are not left to a database that nests them, since they may have no end."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table

from modelwire.catalog.dependents import Dependent
from modelwire.execute.write.delete import Remover, _restricts


def make(metadata: MetaData, name: str, action: str | None, *, has_key: bool = True) -> Table:
    """Make a table with a reference to `trees`."""
    reference = Column("tree_id", Integer, ForeignKey("trees.id", ondelete=action))
    return Table(name, metadata, Column("id", Integer, primary_key=has_key), reference)


@pytest.mark.parametrize("nests", [True, False])
@pytest.mark.parametrize("is_circle", [True, False])
def test_dependents(nests: bool, is_circle: bool) -> None:
    """Only rows that the database would delete along are, and only those that have a key."""
    metadata = MetaData()
    trees = make(metadata, "trees", "CASCADE" if is_circle else None)
    leaves = make(metadata, "leaves", "CASCADE")
    for name, action, has_key in (
        ("kept", None, True),
        ("emptied", "SET NULL", True),
        ("refused", "RESTRICT", True),
        ("keyless", "CASCADE", False),
    ):
        make(metadata, name, action, has_key=has_key)
    declared = Dependent(leaves, (leaves.c.id,), (trees.c.id,), is_link=True)
    context: Any = SimpleNamespace(
        lane=None,
        catalog=SimpleNamespace(dependents={"trees": (declared,)}),
        statements=SimpleNamespace(dialect=SimpleNamespace(nests_cascades=nests)),
    )
    found = Remover(context)._dependents_of(trees)
    cascades = [
        Dependent(table, (table.c.tree_id,), (trees.c.id,), is_link=False)
        for table in (trees, leaves)
    ]
    assert list(found) == [declared, *(cascades if nests and is_circle else ())]


@pytest.mark.parametrize(
    ("action", "column", "restricts"),
    [("RESTRICT", "tree_id", True), ("CASCADE", "tree_id", False), ("RESTRICT", "id", False)],
)
def test_rows_below_others_of_their_table(action: str, column: str, restricts: bool) -> None:
    """They are deleted level by level where their very foreign key restricts that."""
    metadata = MetaData()
    trees = make(metadata, "trees", action)
    make(metadata, "leaves", "RESTRICT")
    dependent = Dependent(trees, (trees.c[column],), (trees.c.id,), is_link=False)
    assert _restricts(dependent) is restricts
