"""Statements of SQLite that fail or are interrupted."""

import sqlite3
from types import SimpleNamespace
from typing import Any

import pytest

from modelwire.execute.connect.limit import FRESH_S
from modelwire.execute.sqlite.connection import SQLiteConnection, _begin, _run
from modelwire.execute.sqlite.cursors import OwningConnection


def open_connection() -> OwningConnection:
    return sqlite3.connect(":memory:", factory=OwningConnection)


@pytest.mark.parametrize("run", [_begin, _run])
def test_a_statement_that_fails_leaves_no_cursor_open(run: Any) -> None:
    """An open one would let an interrupt hit later statements."""

    class Cursor:
        closed = False

        def execute(self, _text: str, _values: object) -> None:
            raise sqlite3.OperationalError("failed")

        def close(self) -> None:
            self.closed = True

    cursor = Cursor()
    with pytest.raises(sqlite3.OperationalError, match="failed"):
        run(SimpleNamespace(cursor=lambda: cursor), "SELECT 1", ())
    assert cursor.closed


def test_a_statement_that_succeeds() -> None:
    """Its cursor is open until its rows are read."""
    connection = open_connection()
    cursor, begun_s = _begin(connection, "SELECT ?", (7,))
    assert cursor.fetchall() == [(7,)]
    cursor.close()
    run, first_s = _run(connection, "SELECT ? UNION SELECT 8", (7,))
    assert run.rows == [(7,), (8,)]
    assert 0 <= first_s <= run.taken_s
    assert begun_s >= 0
    connection.close()


@pytest.mark.parametrize("error", [None, sqlite3.ProgrammingError("closed")])
def test_an_interrupt(error: Exception | None) -> None:
    """A connection that was closed, or not opened yet, has nothing to interrupt."""
    interrupts: list[int] = []

    def interrupt() -> None:
        interrupts.append(1)
        if error is not None:
            raise error

    connection: Any = SimpleNamespace(driver=SimpleNamespace(interrupt=interrupt))
    SQLiteConnection.end_statement(connection)
    assert interrupts == [1]
    connection.driver = None
    SQLiteConnection.end_statement(connection)
    assert interrupts == [1]


@pytest.mark.parametrize(
    ("is_file", "age_s", "expected"),
    [(True, FRESH_S + 0.1, True), (True, FRESH_S, False), (False, FRESH_S + 0.1, False)],
)
def test_a_connection_that_may_be_outdated(
    monkeypatch: pytest.MonkeyPatch, is_file: bool, age_s: float, expected: bool
) -> None:
    """One to a file, once it is not fresh any more."""
    monkeypatch.setattr("modelwire.execute.sqlite.connection.monotonic", lambda: age_s)
    connection: Any = SimpleNamespace(is_file=is_file, _opened_s=0.0)
    may_be_outdated: Any = SQLiteConnection.may_be_outdated
    assert may_be_outdated.fget(connection) is expected
