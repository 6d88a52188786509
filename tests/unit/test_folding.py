"""Lower-casing in SQL, by what each server has."""

from typing import Any

import pytest
from sqlalchemy import column
from sqlalchemy.dialects import postgresql, sqlite

from modelwire.statement import COLLATION, lower
from modelwire.statement.folding import Lowered


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
    """The best collation of the server is named; where nobody has asked it, its version tells."""
    assert compile_on(postgresql.dialect(), **known) == sql


def test_sqlite() -> None:
    """SQLite has a function of ours."""
    assert compile_on(sqlite.dialect()) == "modelwire_lower(name)"


def test_mapping_is_simple() -> None:
    """Each character becomes one, whatever stands beside it."""
    assert lower("\u0391\u03a3 \u0130 \u1e9e \u00c9") == "\u03b1\u03c3 i \u00df \u00e9"
    assert len(lower("\u0130")) == 1
