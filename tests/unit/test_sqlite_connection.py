"""Statements of SQLite that fail or are interrupted."""

import sqlite3
from types import SimpleNamespace
from typing import Any

import pytest

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
