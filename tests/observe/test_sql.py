"""SQL as logs and traces have it."""

import pytest

from modelwire.observe.sql import hide_values, summarize

HIDDEN = [
    ("SELECT a1 FROM t WHERE b = $1 AND c = ?", "SELECT a1 FROM t WHERE b = $1 AND c = ?"),
    ("SELECT 'it''s', E'a\\'b', 'c'", "SELECT ?, ?, ?"),
    ("SELECT 1, -2.5e-7, 0x1F, a2", "SELECT ?, -?, ?, a2"),
    ("SELECT $$x$$, $tag$ 'y' $tag$, $2", "SELECT ?, ?, $2"),
    ("SELECT \"odd'name\", 'v'", 'SELECT "odd\'name", ?'),
    ("SELECT a -- ann@example.com\nFROM t", "SELECT a \nFROM t"),
    ("/* user=ann */ SELECT x'00ff' FROM t2", "SELECT ? FROM t2"),
    ("SELECT :name, @p1, ?2", "SELECT :name, @p1, ?2"),
    ("SELECT 'never closed", "SELECT ?"),
]


@pytest.mark.parametrize(("sql", "hidden"), HIDDEN)
def test_values_are_hidden(sql: str, hidden: str) -> None:
    """Literals and comments go, names and parameters stay."""
    assert hide_values(sql) == hidden


SUMMARIES = [
    ("SELECT a FROM users WHERE b = 1", ("SELECT", "users")),
    ("SELECT a, (SELECT 1 FROM x) FROM users", ("SELECT", "users")),
    ("WITH p AS (SELECT 1 FROM x) INSERT INTO teams (a) SELECT 1", ("INSERT", "teams")),
    ('UPDATE ONLY "my teams" SET a = 1', ("UPDATE", "my teams")),
    ("DELETE FROM app.users", ("DELETE", "app.users")),
    ("SELECT 1", ("SELECT", "")),
    ("BEGIN IMMEDIATE", ("BEGIN", "")),
    ("", ("", "")),
]


@pytest.mark.parametrize(("sql", "summary"), SUMMARIES)
def test_summary(sql: str, summary: tuple[str, str]) -> None:
    """The summary of a statement has its operation and its table."""
    assert summarize(sql) == summary
