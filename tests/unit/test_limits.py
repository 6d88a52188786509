"""Checks made while a statement runs."""

from typing import Any

import pytest

from modelwire.execute.connect.limit import CLIENT, StatementLimit


class Connection:
    """Notes when its statement was ended, and how long it was said to have been running."""

    def __init__(self) -> None:
        self.ended = 0
        self.ran_s: list[float] = []

    def end_statement(self) -> None:
        self.ended += 1

    def look_at_server(self, ran_s: float) -> None:
        self.ran_s.append(ran_s)


class Claim:
    """Lets a statement go on until a time."""

    def __init__(self, until_s: float) -> None:
        self.until_s = until_s

    def may_go_on(self, now_s: float) -> bool:
        return now_s < self.until_s


class Client:
    """A client that stays or goes."""

    gone = False

    def has_gone(self) -> bool:
        return self.gone


@pytest.fixture
def connection() -> Connection:
    return Connection()


async def start(connection: Any, **limits: float) -> StatementLimit:
    limit = StatementLimit(connection, **{"limit_s": 30.0, "read_s": 5.0, **limits})
    limit.start()
    limit.stop()  # the test looks itself
    return limit


def begin_again(limit: StatementLimit) -> None:
    limit.start()
    limit.stop()


async def test_how_long_a_statement_runs(connection: Connection) -> None:
    """The server is looked at by how long this very statement runs, from its first look on."""
    limit = await start(connection)
    for now_s in (100.0, 100.5, 103.0):
        limit.look(now_s)
    begin_again(limit)
    for now_s in (200.0, 200.25):
        limit.look(now_s)
    assert connection.ran_s == [0, 0.5, 3, 0, 0.25]
    assert connection.ended == 0


async def test_a_statement_is_ended_when_its_time_is_up(connection: Connection) -> None:
    """And at each look from then on, until it has; the next one has its own time."""
    limit = await start(connection)
    for now_s, ended in ((100, 0), (129.9, 0), (130, 1), (131, 2)):
        limit.look(float(now_s))
        assert connection.ended == ended
    begin_again(limit)
    for now_s in (131.0, 160.0):
        limit.look(now_s)
    assert connection.ended == 2


@pytest.mark.parametrize(("read_s", "ends_s"), [(5.0, 105.0), (60.0, 130.0)])
async def test_what_a_client_composes_has_less(
    connection: Connection, read_s: float, ends_s: float
) -> None:
    """It has its own limit, where that is the shorter one, and whatever follows has the usual."""
    limit = await start(connection, read_s=read_s)
    limit.begin_reading(Claim(1e9))  # type: ignore[arg-type]
    for now_s, ended in ((100.0, 0), (ends_s - 0.1, 0), (ends_s, 1)):
        limit.look(now_s)
        assert connection.ended == ended
    limit.end_reading()
    begin_again(limit)
    for now_s in (200.0, 229.9):
        limit.look(now_s)
    assert connection.ended == 1


async def test_what_has_no_slot_is_ended(connection: Connection) -> None:
    """A statement that takes long goes on as far as its slot says; what follows needs none."""
    limit = await start(connection)
    limit.begin_reading(Claim(102.0))  # type: ignore[arg-type]
    for now_s, ended in ((100.0, 0), (101.9, 0), (102.0, 1)):
        limit.look(now_s)
        assert connection.ended == ended
    limit.end_reading()
    begin_again(limit)
    limit.look(103.0)
    assert connection.ended == 1


async def test_nobody_is_left(connection: Connection) -> None:
    """The statement of a client that has gone is ended; those of others are not."""
    client = Client()
    token = CLIENT.set(client)
    limit = await start(connection)
    CLIENT.reset(token)
    limit.look(100.0)
    assert connection.ended == 0
    client.gone = True
    limit.look(100.2)
    assert connection.ended == 1
    begin_again(limit)
    limit.look(100.4)
    assert connection.ended == 1
