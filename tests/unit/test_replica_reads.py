"""Reads that go to a replica, and what a replica's error means."""

from types import SimpleNamespace
from typing import Any

import pytest

from modelwire.errors import (
    Contention,
    DatabaseError,
    NotFound,
    RequestError,
    TimedOut,
    Unavailable,
)
from modelwire.pipeline.replicas import read_somewhere
from modelwire.request.freshness import read_position
from modelwire.respond.answer import Answer

PRIMARY = "primary"
REACHED = 77
FOLLOWED = {b"modelwire-position": b"0/0"}


class Copy:
    """A replica, with the error of its reads, if any."""

    def __init__(self, name: str, error: RequestError | None = None) -> None:
        self.database = name
        self.error = error
        self.reads = 0
        self.is_up = True

    def retire(self) -> None:
        self.is_up = False

    async def look(self) -> Any:
        return SimpleNamespace(reached=REACHED)


class Copies:
    """Replicas, of which the first available one is chosen."""

    def __init__(self, *copies: Copy) -> None:
        self.all = copies

    async def choose(self, _freshness: object) -> Copy | None:
        return next((copy for copy in self.all if copy.is_up), None)


def given_up() -> TimedOut:
    error = TimedOut()
    error.__cause__ = TimeoutError()
    return error


async def read(
    *copies: Copy, headers: Any = None, session: object = None, cookies: bool = False
) -> Answer:
    """Read on some replicas; the body is the name of the database that has answered."""
    errors = {copy.database: copy.error for copy in copies}

    async def answer(pipeline: Any, _table: object, _request: object, _session: object) -> Answer:
        error = errors.get(pipeline.name)
        if error is not None:
            raise error
        return Answer(200, pipeline.name.encode(), ((b"x", b"y"),))

    settings = SimpleNamespace(position_cookie=cookies)
    pipeline: Any = SimpleNamespace(
        name=PRIMARY,
        database=SimpleNamespace(replicas=Copies(*copies), settings=settings),
        on=lambda name: SimpleNamespace(name=name),
    )
    request = SimpleNamespace(headers=headers or {})
    found = await read_somewhere(answer, pipeline, "table", request, session)
    assert isinstance(found, Answer)
    return found


async def test_a_replica_answers() -> None:
    """The chosen one answers and counts the request; the answer has its position on request."""
    copy = Copy("one")
    plain = Answer(200, b"one", ((b"x", b"y"),))
    assert await read(copy, Copy("two")) == plain
    for answer in (await read(copy, headers=FOLLOWED), await read(copy, cookies=True)):
        *headers, (name, position) = answer.headers
        assert (answer.body, headers, name) == (b"one", [(b"x", b"y")], b"modelwire-position")
        assert read_position(position.decode()) == REACHED
    assert copy.reads == 3


async def test_the_primary_answers() -> None:
    """Without a replica, and in a session, which is on the primary."""
    assert await read() == Answer(200, b"primary", ((b"x", b"y"),))
    assert (await read(copy := Copy("one"), session=object())).body == b"primary"
    assert copy.reads == 0


@pytest.mark.parametrize(
    ("error", "answered_by", "is_up"),
    [
        (Unavailable(), "two", False),
        (given_up(), "two", False),
        (DatabaseError(), PRIMARY, True),
        (Contention(), PRIMARY, True),
        (TimedOut(), None, True),
        (NotFound("x"), None, True),
    ],
    ids=["away", "given up", "lacks a table", "in conflict", "too slow", "not found"],
)
async def test_errors(error: RequestError, answered_by: str | None, is_up: bool) -> None:
    """One that is away is retired for the next; the primary answers what a replica can't."""
    copy = Copy("one", error)
    if answered_by is None:
        with pytest.raises(type(error)):
            await read(copy, Copy("two"))
    else:
        assert (await read(copy, Copy("two"))).body.decode() == answered_by
    assert (copy.is_up, copy.reads) == (is_up, 1)
