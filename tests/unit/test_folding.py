"""Lower-casing in SQL, by what each server has."""

import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, bindparam, column
from sqlalchemy.dialects import postgresql, sqlite

from modelwire.statement.lowercase import COLLATION, Lowered, lower


def compile_on(dialect: Any, **known: Any) -> str:
    """The SQL of a text in lower case, on a dialect of which something is known."""
    for name, value in known.items():
        setattr(dialect, name, value)
    return str(Lowered(column("name")).compile(dialect=dialect))


@pytest.mark.parametrize(
    ("known", "sql"),
    [
        ({COLLATION: "pg_c_utf8"}, 'lower((name) COLLATE "pg_c_utf8")'),
        (
            {COLLATION: "und-x-icu"},
            "lower(translate((name), '\u03a3\u0130', '\u03c3i') COLLATE \"und-x-icu\")",
        ),
        ({COLLATION: None}, "lower((name))"),
        ({"server_version_info": (17, 2)}, 'lower((name) COLLATE "pg_c_utf8")'),
        ({"server_version_info": (16, 9)}, "lower((name))"),
        ({}, "lower((name))"),
    ],
)
def test_postgresql(known: dict[str, Any], sql: str) -> None:
    """The best collation of the server is named, by its version where it was not asked."""
    assert compile_on(postgresql.dialect(), **known) == sql


def test_sqlite() -> None:
    """SQLite has a function of ours, which is called for what is not ASCII."""
    beyond = "length(CAST(name AS BLOB)) > length(name)"
    expected = f"CASE WHEN {beyond} THEN modelwire_lower(name) ELSE name END"
    assert compile_on(sqlite.dialect()) == expected
    assert str(Lowered(bindparam("p")).compile(dialect=sqlite.dialect())) == "modelwire_lower(?)"


@given(st.lists(st.text(max_size=8)), st.text(max_size=3))
def test_sqlite_finds_what_lower_case_tells(texts: list[str], part: str) -> None:
    """Whatever is ASCII and what is not, a text is found if it holds another one in lower case."""
    part = part.replace("\0", "").replace("\\", "").replace("%", "").replace("_", "")
    texts = [text.replace("\0", "") for text in texts]
    name: ColumnElement[str] = column("name")
    pattern: ColumnElement[str] = bindparam("part")
    condition = Lowered(name).like(Lowered(pattern), escape="\\").compile(dialect=sqlite.dialect())
    connection = sqlite3.connect(":memory:")
    connection.create_function("modelwire_lower", 1, lower, deterministic=True)
    connection.execute("CREATE TABLE texts (id INTEGER PRIMARY KEY, name TEXT)")
    connection.executemany("INSERT INTO texts (name) VALUES (?)", [(text,) for text in texts])
    values = [f"%{part}%" if bound == "part" else "\\" for bound in condition.positiontup or ()]
    sql = f"SELECT name FROM texts WHERE {condition} ORDER BY id"
    found = [name for (name,) in connection.execute(sql, values)]
    connection.close()
    assert found == [text for text in texts if lower(part) in lower(text)]


def test_mapping_is_simple() -> None:
    """Each character becomes one, whatever stands beside it."""
    assert lower("\u0391\u03a3 \u0130 \u1e9e \u00c9") == "\u03b1\u03c3 i \u00df \u00e9"
    assert len(lower("\u0130")) == 1
