"""What SQLite says of a constraint, as what is known of it then."""

import sqlite3

import pytest

from modelwire.errors import Constraint, ConstraintViolation
from modelwire.execute.faults.sqlite import translate_sqlite

TABLES = """
CREATE TABLE parents (id INTEGER PRIMARY KEY);
CREATE TABLE "odd table" (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  "a b" TEXT,
  n INTEGER CONSTRAINT small CHECK (n < 10),
  parent_id INTEGER REFERENCES parents (id),
  UNIQUE (name, "a b")
);
CREATE UNIQUE INDEX "lower name" ON "odd table" (lower(name));
INSERT INTO "odd table" VALUES (1, 'x', 'y', 1, NULL);
CREATE TRIGGER refuse BEFORE DELETE ON "odd table" BEGIN SELECT RAISE(ABORT, 'a: b.c'); END;
"""


@pytest.mark.parametrize(
    ("change", "kind", "table", "constraint", "columns"),
    [
        ("(1, 'z', 'y', 1, NULL)", Constraint.UNIQUE, "odd table", None, ("id",)),
        ("(2, NULL, 'y', 1, NULL)", Constraint.NOT_NULL, "odd table", None, ("name",)),
        ("(2, 'X', 'z', 1, NULL)", Constraint.UNIQUE, None, "lower name", ()),
        ("(2, 'z', 'z', 11, NULL)", Constraint.CHECK, None, "small", ()),
        ("(2, 'z', 'z', 1, 7)", Constraint.FOREIGN_KEY, None, None, ()),
        (None, Constraint.TRIGGER, None, None, ()),
    ],
)
def test_constraints(
    change: str | None,
    kind: Constraint,
    table: str | None,
    constraint: str | None,
    columns: tuple[str, ...],
) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(TABLES)
    sql = f'INSERT INTO "odd table" VALUES {change}' if change else 'DELETE FROM "odd table"'
    with pytest.raises(sqlite3.IntegrityError) as raised:
        connection.execute(sql)
    found = translate_sqlite(raised.value)
    assert isinstance(found, ConstraintViolation)
    assert (found.kind, found.table, found.constraint, found.columns) == (
        *(kind, table, constraint, columns),
    )
    connection.close()


def test_several_columns() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t (a, b, UNIQUE (a, b))")
    connection.execute("INSERT INTO t VALUES (1, 1)")
    with pytest.raises(sqlite3.IntegrityError) as raised:
        connection.execute("INSERT INTO t VALUES (1, 1)")
    found = translate_sqlite(raised.value)
    assert isinstance(found, ConstraintViolation)
    assert (found.table, found.columns) == ("t", ("a", "b"))
    connection.close()
