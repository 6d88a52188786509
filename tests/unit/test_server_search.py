"""The search for the server that matches, and what becomes of one that was replaced."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from modelwire.execute.postgresql import servers as servers_module
from modelwire.execute.postgresql import unresponsive
from modelwire.execute.postgresql.servers import ServerSearch
from modelwire.execute.postgresql.unresponsive import Doubts
from modelwire.execute.servers import Server

A, B, C = map(Server, "abc")
OTHER = asyncpg.CannotConnectNowError("Not that one")
REFUSED = asyncpg.InvalidPasswordError("password authentication failed")
AWAY = ConnectionRefusedError("Connection refused")


class Servers:
    """Servers, each of which says at each attempt what is told: an error, silence or a connection.

    Args:
        answers: The answers of each server; the last one again and again.
    """

    def __init__(self, **answers: Sequence[object]) -> None:
        self.answers = {name: list(each) for name, each in answers.items()}
        self.asked: list[str] = []
        self.given_up: list[str] = []

    async def connect(self, server: Server, target: str) -> str:
        self.asked.append(f"{server.host} {target}")
        answers = self.answers[server.host]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer is None:
            try:
                await asyncio.Event().wait()
            finally:
                self.given_up.append(server.host)
        if isinstance(answer, BaseException):
            raise answer
        return f"{server.host} is {target}"

    async def find(self, *servers: Server, target: str = "primary") -> str:
        found: str = await ServerSearch(servers, target, 60).connect(self.connect)
        return found


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing at once counts as silent."""
    monkeypatch.setattr(servers_module, "HEAD_START_S", 0)
    monkeypatch.setattr(servers_module, "AGAIN_S", 0)


async def test_the_first_that_matches() -> None:
    """Others are tried as soon as those before have failed, and that one first the next time."""
    servers = Servers(a=[OTHER], b=["yes"], c=["yes"])
    search = ServerSearch((A, B, C), "primary", 60)
    assert await search.connect(servers.connect) == "b is primary"
    assert servers.asked == ["a primary", "b primary"]
    assert await search.connect(servers.connect) == "b is primary"
    assert servers.asked[2:] == ["b primary"]


async def test_a_random_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """All servers are tried, in an order that chance decides on."""
    sample = "modelwire.execute.postgresql.servers.random.sample"
    monkeypatch.setattr(sample, lambda given, count: given[::-1][:count])
    servers = Servers(a=["yes"], b=[OTHER], c=[OTHER])
    search = ServerSearch((A, B, C), "any", 60, shuffles=True)
    assert await search.connect(servers.connect) == "a is any"
    assert servers.asked == ["c any", "b any", "a any"]


@pytest.mark.usefixtures("no_pauses")
async def test_a_silent_server_holds_up_nothing() -> None:
    """It is given up once another one matches, even one that did not at first."""
    servers = Servers(a=[None], b=[OTHER, OTHER, "yes"])
    assert await servers.find(A, B) == "b is primary"
    assert servers.asked == ["a primary", "b primary", "b primary", "b primary"]
    assert servers.given_up == ["a"]


async def test_a_fallback() -> None:
    """The second role is searched for once no server has the first."""
    servers = Servers(a=[OTHER, "yes"], b=[OTHER])
    assert await servers.find(A, B, target="prefer-standby") == "a is any"
    assert servers.asked == ["a standby", "b standby", "a any"]


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        (OTHER, OTHER, "No server is primary: Not that one"),
        (AWAY, REFUSED, "Connection refused"),
        (OTHER, REFUSED, "password authentication failed"),
    ],
)
async def test_no_server_matches(a: Exception, b: Exception, told: str) -> None:
    """The failure of a server that refuses says more than that of one with another role."""
    with pytest.raises((asyncpg.PostgresError, OSError), match=told):
        await Servers(a=[a], b=[b]).find(A, B)


async def test_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server is tried again then; those that were tried may still answer."""
    monkeypatch.setattr(servers_module, "HEAD_START_S", 0)
    servers = Servers(a=[None], b=[OTHER])
    search = ServerSearch((A, B), "primary", 0)
    searching = asyncio.ensure_future(search.connect(servers.connect))
    for _ in range(50):
        await asyncio.sleep(0)
    assert servers.asked == ["a primary", "b primary"]
    assert not searching.done()
    searching.cancel()
    await asyncio.wait([searching])
    assert servers.given_up == ["a"]


class Connection:
    """A connection whose statement takes long, or one that was opened to ask."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.is_closed = False

    def terminate(self) -> None:
        self.is_closed = True


class Asked:
    """What is found when servers are asked whether they match.

    Args:
        right: A server that matches; None if there is none.
        matching: Those that match when asked by name.
    """

    def __init__(self, right: Server | None, *matching: Server) -> None:
        self.right, self.matching = right, matching
        self.opened: list[Connection] = []
        self.searches = 0
        self.doubts = Doubts(self.connect, self.connect_to)

    async def connect(self) -> Connection:
        self.searches += 1
        await asyncio.sleep(0)
        return self.open(self.right)

    async def connect_to(self, server: Server) -> Connection:
        return self.open(server if server in self.matching else None)

    def open(self, server: Server | None) -> Connection:
        if server is None:
            raise OTHER
        self.opened.append(Connection(server))
        return self.opened[-1]

    async def closed(self, *servers: Server) -> list[bool]:
        """Doubt connections to some servers; returns which of them are closed."""
        connections = [Connection(server) for server in servers]
        for connection in connections:
            self.doubts.add(connection)
        assert self.doubts._asking is not None
        await asyncio.wait([self.doubts._asking])
        assert all(connection.is_closed for connection in self.opened)
        return [connection.is_closed for connection in connections]


@pytest.mark.parametrize(
    ("right", "matching", "closed"),
    [
        (B, [], [True, False, True]),
        (B, [C], [True, False, False]),
        (A, [B, C], [False, False, False]),
        (None, [], [False, False, False]),
    ],
)
async def test_replaced_servers(
    monkeypatch: pytest.MonkeyPatch,
    right: Server | None,
    matching: Sequence[Server],
    closed: Sequence[bool],
) -> None:
    """Connections to servers that match no more are closed, once another one is known to match."""
    monkeypatch.setattr(unresponsive, "EACH_S", 0)
    asked = Asked(right, *matching)
    assert await asked.closed(A, B, C) == closed
    assert asked.searches == 1
    assert await asked.closed(B) == [right == A and B not in matching]
    assert asked.searches == 2


async def test_servers_are_asked_in_each_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search in another event loop, which may have ended, is no reason to wait for it."""
    asked = Asked(None)
    elsewhere: Any = SimpleNamespace(done=lambda: False, get_loop=object)
    asked.doubts._asking = elsewhere
    monkeypatch.setattr(unresponsive, "EACH_S", 0)
    await asked.closed(A)
    assert asked.searches == 1
