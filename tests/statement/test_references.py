"""Columns as they are compared with those that they refer to."""

import pytest
from sqlalchemy import Column, ForeignKey, MetaData, String, Table
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as sqlite

from modelwire.statement.dialects.known import DIALECTS
from modelwire.statement.references import refer, refer_all


def child(own: str | None, parent: str | None) -> Column[str]:
    """Return a column that refers to another one, with the collations of both."""
    tables = MetaData()
    Table("parents", tables, Column("key", String(collation=parent), primary_key=True))
    reference = Column("parent_key", String(collation=own), ForeignKey("parents.key"))
    return Table("children", tables, reference).c.parent_key


@pytest.mark.parametrize(
    ("own", "parent", "collation"),
    [
        (None, None, None),
        ("NOCASE", None, None),
        (None, "NOCASE", "NOCASE"),
        ("NOCASE", "NOCASE", None),
        ("BINARY", "NOCASE", "NOCASE"),
    ],
)
def test_collations_of_references(
    own: str | None, parent: str | None, collation: str | None
) -> None:
    """SQLite finds a parent by its collation; on PostgreSQL both have the same."""
    column = child(own, parent)
    found = refer(column, DIALECTS["sqlite"], column)
    collated = "" if collation is None else f' COLLATE "{collation}"'
    assert str(found.compile(dialect=sqlite())) == f"children.parent_key{collated}"
    (same,) = refer_all([column], DIALECTS["postgresql"], column.table)
    assert str(same.compile(dialect=postgresql())) == "children.parent_key"


def test_columns_that_refer_to_nothing() -> None:
    column = Table("plain", MetaData(), Column("a", String(collation="NOCASE"))).c.a
    assert refer(column, DIALECTS["sqlite"], column) is column
