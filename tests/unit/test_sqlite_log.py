"""The triggers of the log on SQLite know the columns of a table, in whatever file it is."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from modelwire.execute.log.sqlite import add_functions, install
from modelwire.statement.changes import COLUMNS_CHANGED
from modelwire.statement.given_rows import REAL, write_real

METADATA = MetaData()
TABLES = {
    schema: Table("parts", METADATA, Column("id", Integer, primary_key=True), schema=schema)
    for schema in (None, "other")
}


class Noting:
    """A connection that notes changes of both tables; another program's, which does not."""

    def __init__(self, path: Path) -> None:
        self.looked_anew = 0
        self.files = {"main": str(path / "main.db"), "other": str(path / "other.db")}
        self.connection = sqlite3.connect(self.files["main"], isolation_level=None)
        self.connection.execute("ATTACH ? AS other", (self.files["other"],))
        for schema in ("main", "other"):
            self.connection.execute(f"CREATE TABLE {schema}.parts (id INTEGER PRIMARY KEY)")
        self.connection.create_function(REAL, 1, write_real)
        add_functions(self.connection, lambda: ("ann", "r1"), self._look_anew)
        self.install()

    def install(self) -> None:
        install(self.connection, TABLES.values())

    def _look_anew(self) -> None:
        self.looked_anew += 1

    def alter(self, schema: str, text: str) -> None:
        other = sqlite3.connect(self.files[schema], isolation_level=None)
        other.execute(text)
        other.close()

    def entries(self) -> list[tuple[Any, ...]]:
        found = self.connection.execute(
            'SELECT "table", key, operation, new, by, request FROM modelwire_changes'
        )
        return [(t, json.loads(k), o, n and json.loads(n), b, r) for t, k, o, n, b, r in found]


@pytest.fixture
def noting(tmp_path: Path) -> Iterator[Noting]:
    made = Noting(tmp_path)
    yield made
    made.connection.close()


@pytest.mark.parametrize(("schema", "name"), [("main", "parts"), ("other", "other.parts")])
def test_a_column_that_came_meanwhile(noting: Noting, schema: str, name: str) -> None:
    """Nothing is written until the connection has looked anew; then the column is noted."""
    noting.connection.execute(f"INSERT INTO {schema}.parts VALUES (1)")
    assert noting.entries() == [(name, [1], "create", {"id": 1}, "ann", "r1")]
    noting.alter(schema, "ALTER TABLE parts ADD COLUMN price INTEGER DEFAULT 7")
    for change in ("INSERT INTO {}.parts (id) VALUES (2)", "DELETE FROM {}.parts"):
        with pytest.raises(sqlite3.Error, match=COLUMNS_CHANGED):
            noting.connection.execute(change.format(schema))
    assert noting.looked_anew == 2
    noting.install()
    noting.connection.execute(f"INSERT INTO {schema}.parts (id) VALUES (2)")
    assert noting.entries()[1:] == [(name, [2], "create", {"id": 2, "price": 7}, "ann", "r1")]
    assert noting.looked_anew == 2


@pytest.mark.parametrize("schema", ["main", "other"])
def test_what_else_is_created_stands_in_no_way(noting: Noting, schema: str) -> None:
    """A table more is none of the columns that are known."""
    noting.alter(schema, "CREATE TABLE more (id INTEGER)")
    for each in ("main", "other"):
        noting.connection.execute(f"INSERT INTO {each}.parts VALUES (1)")
    assert [entry[0] for entry in noting.entries()] == ["parts", "other.parts"]
    assert noting.looked_anew == 0
