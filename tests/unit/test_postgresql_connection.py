"""What a connection to PostgreSQL does with its statements and its server, without a server."""

import asyncio
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from modelwire.execute.connect.limit import FRESH_S
from modelwire.execute.postgresql import connection as connections
from modelwire.execute.postgresql.connection import (
    DOUBT_S,
    GRACE_S,
    PostgreSQLConnection,
    _fetch_prepared,
    _note_unreplicated,
)


class Clock:
    """Stands still, but for what it is told."""

    now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s

    def time(self) -> float:
        return self.now_s


class Connection(PostgreSQLConnection):
    """A connection that was never opened, and says what would be sent and closed."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.loop: Any = SimpleNamespace(
            time=self.clock.time, create_future=asyncio.get_running_loop().create_future
        )
        self.limit: Any = SimpleNamespace(
            start=lambda: self.events.append("start"), stop=lambda: self.events.append("stop")
        )
        self.ending = None
        self.doubts = None
        self.is_unreplicated = False
        self._patience_s = 0.0
        self._opened_s = self.clock.now_s
        self.settings: Any = SimpleNamespace()
        self.events: list[str] = []

    def cancel_statement(self, told: asyncio.Future[None]) -> None:
        self.events.append("cancel")
        self.told = told

    def terminate(self) -> None:
        self.events.append("terminate")

    def get_settings(self) -> Any:
        return self.settings

    # asyncpg would clean up what was never opened.
    def __del__(self) -> None: ...


async def test_a_statement_is_cancelled_once() -> None:
    """A server that does not confirm that is given up after a while."""
    connection = Connection()
    connection.end_statement()
    connection.clock.now_s += GRACE_S - 0.1
    connection.end_statement()
    assert connection.events == ["cancel"]
    connection.clock.now_s += 0.1
    connection.end_statement()
    assert connection.events == ["cancel", "terminate"]


async def test_a_server_is_doubted_once_it_takes_long() -> None:
    connection = Connection()
    doubted: list[object] = []
    connection.look_at_server(DOUBT_S)
    connection.doubts = SimpleNamespace(add=doubted.append)  # type: ignore[assignment]
    connection.look_at_server(DOUBT_S - 0.1)
    assert doubted == []
    connection.look_at_server(DOUBT_S)
    assert doubted == [connection]


@pytest.mark.parametrize(
    ("settings", "is_read_only"),
    [
        ({"default_transaction_read_only": "off", "in_hot_standby": "off"}, False),
        ({"default_transaction_read_only": "on", "in_hot_standby": "off"}, True),
        ({"default_transaction_read_only": "off", "in_hot_standby": "on"}, True),
        ({"default_transaction_read_only": "off"}, True),
        ({"in_hot_standby": "off"}, True),
        ({}, True),
    ],
)
async def test_outdated_connections(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], is_read_only: bool
) -> None:
    """A read-only connection may be outdated unless it is new; old servers don't tell."""
    connection = Connection()
    monkeypatch.setattr(connections, "time", connection.clock)
    connection.settings = SimpleNamespace(**settings)
    connection.clock.now_s += FRESH_S
    assert not connection.may_be_outdated
    connection.clock.now_s += 0.1
    assert connection.may_be_outdated is is_read_only


def prepared(connection: Connection, *, error: Exception | None = None, ends: bool = False) -> Any:
    """A prepared statement, whose statement fails, or is ended while it runs."""

    async def fetch(*values: object) -> object:
        connection.events.append("fetch")
        if ends:
            connection.end_statement()
            assert connection.ending is not None
            connection.ending.set_result(None)
        if error is not None:
            raise error
        return values

    return SimpleNamespace(fetch=fetch)


async def test_statements_have_a_limit() -> None:
    """It is started and stopped with each of them."""
    connection = Connection()
    assert await _fetch_prepared(connection, prepared(connection), 1) == (1,)
    assert connection.events == ["start", "fetch", "stop"]


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InterfaceError("is closed"),
        asyncpg.PostgresConnectionError("lost"),
        asyncpg.PostgresSyntaxError("x"),
    ],
)
async def test_statements_that_fail(error: Exception, ends: bool) -> None:
    """Only a connection that is lost while its statement is being ended has run out of time."""
    connection = Connection()
    is_late = ends and not isinstance(error, asyncpg.PostgresSyntaxError)
    with pytest.raises(TimeoutError if is_late else type(error)):
        await _fetch_prepared(connection, prepared(connection, error=error, ends=ends))
    assert connection.events == ["start", "fetch", *["cancel"] * ends, "stop"]
    assert connection.ending is None


async def test_commits_without_a_standby() -> None:
    """One that no standby has confirmed is unknown, and the next one is not."""
    connection = Connection()
    connection.is_unreplicated = True
    with pytest.raises(asyncpg.StatementCompletionUnknownError):
        await _fetch_prepared(connection, prepared(connection))
    assert await _fetch_prepared(connection, prepared(connection)) == ()


async def test_a_cancellation_that_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is closed, so that it can't hit the next statement."""
    monkeypatch.setattr(connections, "GRACE_S", 0.001)
    connection = Connection()
    connection.end_statement()
    assert connection.ending is not None
    await connection.forget_ending(connection.ending)
    assert connection.events == ["cancel", "terminate"]


@pytest.mark.parametrize("is_sign", [True, False])
async def test_warnings_of_a_commit(monkeypatch: pytest.MonkeyPatch, is_sign: bool) -> None:
    """Only the warning that no standby has confirmed it makes its outcome unknown."""
    monkeypatch.setattr(connections, "is_unreplicated", lambda _message: is_sign)
    connection = Connection()
    message: Any = object()
    _note_unreplicated(connection, message)
    assert connection.is_unreplicated is is_sign
