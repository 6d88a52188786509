"""What SQLAlchemy's events have a connection to SQLite do."""

import sqlite3
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from modelwire.execute.sqlite import engine as engine_module
from modelwire.execute.sqlite.engine import (
    _begin_before_change,
    _begin_before_savepoint,
    _prepare_sqlite,
    _restore_savepoint,
    _undo_refused_commit,
)

BEGIN = "BEGIN IMMEDIATE"
BUSY = sqlite3.OperationalError("database is locked")
BUSY.sqlite_errorname = "SQLITE_BUSY"
READ_ONLY = sqlite3.OperationalError("attempt to write a readonly database")
READ_ONLY.sqlite_errorname = "SQLITE_READONLY_DBMOVED"


class Connection:
    """SQLAlchemy's connection, and all that is below it.

    Args:
        in_transaction: Whether a transaction has begun.
        error: The error of each statement.
        may_be_outdated: Whether a new connection may be better.
    """

    def __init__(
        self,
        *,
        in_transaction: bool = False,
        error: Exception | None = None,
        may_be_outdated: bool = True,
    ) -> None:
        self.in_transaction = in_transaction
        self.error = error
        self.may_be_outdated = may_be_outdated
        self.sent: list[str] = []
        self.driver = "driver"
        self.invalidated = False
        self.connection = self.driver_connection = self.dbapi_connection = self

    def cursor(self) -> "Connection":
        return self

    def close(self) -> None: ...

    def execute(self, text: str) -> None:
        self.sent.append(text)
        if self.error is not None:
            raise self.error

    def rollback(self) -> None:
        self.sent.append("ROLLBACK")

    def invalidate(self, _error: Exception) -> None:
        self.invalidated = True


@pytest.fixture(autouse=True)
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The context of a statement says whether it locks rows."""
    monkeypatch.setattr(engine_module, "locks_rows", lambda context: context == "locks")


@pytest.mark.parametrize(
    ("sql", "context", "begins"),
    [
        ("SELECT 1", None, False),
        (" select 1", None, False),
        ("SELECT 1", "locks", True),
        ("INSERT INTO a VALUES (1)", None, True),
        ("WITH b AS (SELECT 1) SELECT * FROM b", None, False),
        ("WITH b AS (SELECT 1) INSERT INTO a SELECT * FROM b", None, True),
        ("CREATE TABLE a (b)", None, True),
    ],
)
def test_a_transaction_begins_as_a_writer(sql: str, context: object, begins: bool) -> None:
    """Before the first statement that writes, or locks rows; never within one that has begun."""
    for in_transaction in (False, True):
        connection = Connection(in_transaction=in_transaction)
        _begin_before_change(connection, connection, sql, None, context, False)
        assert connection.sent == [BEGIN] * (begins and not in_transaction)


@pytest.mark.parametrize("in_transaction", [True, False])
def test_savepoints(in_transaction: bool) -> None:
    """They are never alone: a transaction begins before them, or they are made anew without one."""
    connection = Connection(in_transaction=in_transaction)
    _begin_before_savepoint(connection, "a")
    _restore_savepoint(connection, "a", None)
    assert connection.sent == ([] if in_transaction else [BEGIN, "SAVEPOINT a"])


@pytest.mark.parametrize(
    ("error", "may_be_outdated", "is_discarded"),
    [(BUSY, True, False), (READ_ONLY, True, True), (READ_ONLY, False, False)],
    ids=str,
)
def test_a_transaction_that_does_not_begin(
    error: Exception, may_be_outdated: bool, is_discarded: bool
) -> None:
    """The error is SQLAlchemy's, which sessions expect; an outdated connection is discarded."""
    connection = Connection(error=error, may_be_outdated=may_be_outdated)
    with pytest.raises(OperationalError) as raised:
        _begin_before_savepoint(connection, "a")
    assert raised.value.orig is error
    assert raised.value.statement == BEGIN
    assert connection.invalidated is is_discarded


@pytest.mark.parametrize(
    ("in_transaction", "statement", "invalidated", "sent"),
    [
        (True, None, False, ["ROLLBACK"]),
        (False, None, False, []),
        (True, "INSERT", False, []),
        (True, None, True, []),
    ],
)
def test_a_commit_that_is_refused(
    in_transaction: bool, statement: str | None, invalidated: bool, sent: list[str]
) -> None:
    """The transaction that it has left open is rolled back; those of statements go on."""
    connection = Connection(in_transaction=in_transaction)
    connection.invalidated = invalidated
    _undo_refused_commit(SimpleNamespace(connection=connection, statement=statement))
    assert connection.sent == sent
    _undo_refused_commit(SimpleNamespace(connection=None, statement=None))


@pytest.mark.parametrize("shares", [True, False])
@pytest.mark.parametrize(("mode", "waits"), [("wal", False), ("memory", False), ("delete", True)])
def test_who_waits_for_writers(
    monkeypatch: pytest.MonkeyPatch, shares: bool, mode: str, waits: bool
) -> None:
    """Readers do, unless there is a write-ahead log or a single connection."""
    connection: Any = Connection()
    connection.run_async = lambda _switch: mode
    prepared: list[object] = []
    monkeypatch.setattr(engine_module, "add_functions", prepared.append)
    _prepare_sqlite(connection, None, shares=shares, is_file=mode != "memory", patience_s=0)
    assert connection.waits is (shares or waits)
    assert connection.is_file is (mode != "memory")
    assert connection.sent == ["PRAGMA foreign_keys = ON"]
    assert prepared == ["driver"]
