"""The origin that a session states before its first write, and who is told of its commit."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from modelwire.execute.log.log import PostgreSQLLog
from modelwire.execute.log.sessions import _begin, _forget, _prepare_postgresql, _telling
from modelwire.settings import Settings


class Log(PostgreSQLLog):
    """A log that counts what is done with it."""

    def __init__(self) -> None:
        url = "postgresql://db"
        super().__init__(make_url(url), Settings(database_url=url))  # type: ignore[arg-type]
        self.forgotten = self.told = 0

    def forget(self) -> None:
        self.forgotten += 1

    def tell_committed(self) -> None:
        self.told += 1


class Connection:
    """SQLAlchemy's connection of a session."""

    invalidated = False

    def __init__(self) -> None:
        self.info: dict[str, object] = {}
        self.stamped: list[object] = []
        self.prepared = 0
        cursor = SimpleNamespace(
            execute=lambda _text, values: self.stamped.append(values), close=lambda: None
        )
        self.connection = SimpleNamespace(
            cursor=lambda: cursor, dbapi_connection=SimpleNamespace(run_async=self.run_async)
        )

    def run_async(self, _prepare: object) -> None:
        self.prepared += 1


@pytest.fixture
def log() -> Log:
    return Log()


def run(log: Log, connection: Any, *texts: str) -> int:
    """Run statements; returns how often the origin has been stated so far."""
    for text in texts:
        _prepare_postgresql(log, connection, None, text)
    return len(connection.stamped)


def test_the_origin_is_stated_before_the_first_write(log: Log) -> None:
    """Once in a transaction, and again after a rollback to a savepoint, which undoes it."""
    connection: Any = Connection()
    assert run(log, connection, "SELECT 1") == 0
    assert run(log, connection, "INSERT INTO a VALUES (1)", "UPDATE a SET b = 1") == 1
    assert connection.prepared == 1
    _forget(connection)
    assert run(log, connection, "DELETE FROM a", "DELETE FROM a") == 2
    _begin(connection)
    assert run(log, connection, "UPDATE a SET b = 1") == 3
    connection.invalidated = True
    _forget(connection)
    assert run(log, connection, "UPDATE a SET b = 1") == 3


def test_a_commit_that_has_written_is_told(log: Log) -> None:
    """No other one is, and each only after it has succeeded."""
    connection: Any = Connection()
    committed: list[int] = []
    commit = _telling(log, lambda _: committed.append(log.told))
    run(log, connection, "SELECT 1")
    commit(connection)
    assert (committed, log.told) == ([0], 0)
    run(log, connection, "INSERT INTO a VALUES (1)")
    commit(connection)
    assert (committed, log.told) == ([0, 0], 1)
    commit(connection)
    run(log, connection, "INSERT INTO a VALUES (1)")
    _begin(connection)
    commit(connection)
    assert log.told == 1


def test_definitions_are_noted(log: Log) -> None:
    """Tables may have been created or dropped, so triggers are looked for."""
    connection: Any = Connection()
    assert run(log, connection, "CREATE TABLE a (b int)", "DROP TABLE a") == 0
    assert log.forgotten == 2
