"""Transactions in each other's way: what is undone is tried again, within limits."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import text

from examples.league import Team
from modelwire import Database
from modelwire.errors import Contention, Unavailable, UnknownOutcome
from modelwire.execute.connect.lane import Lane
from modelwire.execute.connect.retry import retry_contended
from modelwire.execute.connect.turns import WriteQueue
from modelwire.statement.statements import Statement
from tests.conftest import empty_tables

Attempt = Callable[[], Awaitable[int]]

T = TypeVar("T")


@pytest.fixture
async def postgresql(databases: dict[str, Database]) -> Database:
    """PostgreSQL, with two teams in it."""
    database = databases["postgresql"]
    await empty_tables(database)
    async with database.session() as session:
        session.add_all([Team(id=1, name="Red"), Team(id=2, name="Blue")])
        await session.commit()
    return database


async def run(lane: Lane, database: Database, sql: str) -> None:
    await lane.fetch(Statement(text(sql), database.engine.dialect), {})


async def retried(
    attempt: Callable[[], Awaitable[T]],
    max_retries: int = 5,
    patience_s: float = 5,
    again: WriteQueue | None = None,
) -> T:
    begun_s = time.monotonic()
    try:
        return await attempt()
    except Contention as met:
        return await retry_contended(
            attempt,
            met,
            begun_s=begun_s,
            max_retries=max_retries,
            patience_s=patience_s,
            again=again or WriteQueue(patience_s),
        )


def meeting(database: Database, counts: list[int], *, lock: str) -> Callable[[int, int], Attempt]:
    """Make transactions that change two teams in turn, and meet between on their first attempt."""
    met = asyncio.Barrier(2)

    def make(first: int, second: int) -> Attempt:
        tries = 0

        async def attempt() -> int:
            nonlocal tries
            tries += 1
            counts.append(first)
            async with database.writing() as lane:
                await run(lane, database, lock)
                await run(lane, database, f"UPDATE teams SET city = 'x' WHERE id = {first}")
                if tries == 1:
                    await met.wait()
                await run(lane, database, f"UPDATE teams SET city = 'x' WHERE id = {second}")
            return tries

        return attempt

    return make


async def test_deadlock(postgresql: Database) -> None:
    """Of two transactions that wait for each other one is undone, tried again, and succeeds."""
    counts: list[int] = []
    make = meeting(postgresql, counts, lock="SET LOCAL deadlock_timeout = '10ms'")
    tries = await asyncio.gather(retried(make(1, 2)), retried(make(2, 1)))
    first, second = sorted(tries)
    assert first == 1
    assert 2 <= second <= 4  # they may meet again before the first is woken up


async def test_deadlocks_of_many(postgresql: Database) -> None:
    """Of many that meet again and again while they are on their way, all get through."""
    again, tries = WriteQueue(60), [0] * 10

    async def change(place: int) -> None:
        tries[place] += 1
        keys = (1, 2) if place % 2 else (2, 1)
        async with postgresql.writing() as lane:
            await run(lane, postgresql, "SET LOCAL deadlock_timeout = '10ms'")
            for key in keys:
                await run(lane, postgresql, f"UPDATE teams SET city = 'x' WHERE id = {key}")
                await run(lane, postgresql, "SELECT pg_sleep(0.1)")

    attempts = (retried(partial(change, place), patience_s=60, again=again) for place in range(10))
    await asyncio.gather(*attempts)
    assert sum(tries) > len(tries)


async def test_those_that_meet_again_take_turns() -> None:
    """Of many that are undone whenever two of them overlap, all get through."""
    again, running = WriteQueue(60), 0

    async def attempt() -> None:
        nonlocal running
        running += 1
        try:
            overlapped = running > 1
            await asyncio.sleep(0.1)
            if overlapped:
                raise Contention()
        finally:
            running -= 1

    attempts = (retried(attempt, max_retries=3, patience_s=60, again=again) for _ in range(30))
    await asyncio.gather(*attempts)


async def test_deadlock_without_retries(postgresql: Database) -> None:
    """Without retries the one that was undone is told so; the other one succeeds."""
    counts: list[int] = []
    make = meeting(postgresql, counts, lock="SET LOCAL deadlock_timeout = '10ms'")
    attempts = retried(make(1, 2), 0), retried(make(2, 1), 0)
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert sorted(map(type, results), key=str) == [int, Contention]
    assert len(counts) == 2


async def test_serialization_failure(postgresql: Database) -> None:
    """Two serializable transactions that read what the other one writes both succeed in the end."""
    met = asyncio.Barrier(2)

    async def write_total(key: int, tries: list[int]) -> int:
        tries.append(1)
        async with postgresql.writing() as lane:
            await run(lane, postgresql, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            await run(lane, postgresql, "SELECT count(*) FROM teams")
            if len(tries) == 1:
                await met.wait()
            await run(lane, postgresql, f"INSERT INTO teams (id, name) VALUES ({key}, '{key}')")
        return len(tries)

    first, second = await asyncio.gather(
        *(retried(partial(write_total, key, [])) for key in (3, 4))
    )
    assert sorted((first, second)) == [1, 2]


async def test_lock_timeout(postgresql: Database) -> None:
    """A row that stays locked for longer than the lock timeout is tried again."""
    tries = 0
    holder = postgresql.writing()
    lane = await holder.__aenter__()
    await run(lane, postgresql, "UPDATE teams SET city = 'x' WHERE id = 1")

    async def attempt() -> int:
        nonlocal tries
        tries += 1
        if tries == 2:
            await holder.__aexit__(None, None, None)
        async with postgresql.writing() as own:
            await run(own, postgresql, "SET LOCAL lock_timeout = '20ms'")
            await run(own, postgresql, "UPDATE teams SET city = 'y' WHERE id = 1")
        return tries

    assert await retried(attempt) == 2


@asynccontextmanager
async def impatient(tmp_path: Path) -> AsyncIterator[tuple[Database, sqlite3.Connection]]:
    """A file that waits only briefly for its turn, and another process's connection to it."""
    path = tmp_path / "busy.db"
    database = Database(f"sqlite:///{path}", pool_timeout_s=0.05)
    await database.init_db()
    other = sqlite3.connect(path, isolation_level=None)
    yield database, other
    other.close()
    await database.close_db()


@pytest.mark.parametrize("single", [True, False])
async def test_busy_sqlite(tmp_path: Path, single: bool) -> None:
    """A write that does not get its turn on SQLite is tried again, and stored once."""
    tries = 0
    async with impatient(tmp_path) as (database, other):
        other.execute("BEGIN IMMEDIATE")

        async def attempt() -> int:
            nonlocal tries
            tries += 1
            if tries == 3:
                other.execute("COMMIT")
            async with database.writing(single=single) as lane:
                await run(lane, database, "INSERT INTO teams (name) VALUES ('Red')")
            return tries

        assert await retried(attempt) == 3
        assert other.execute("SELECT count(*) FROM teams").fetchone() == (1,)


async def test_sqlite_that_stays_busy(tmp_path: Path) -> None:
    """A write that has waited for its turn as long as it may is not tried again."""
    tries = 0
    async with impatient(tmp_path) as (database, other):
        other.execute("BEGIN IMMEDIATE")

        async def attempt() -> None:
            nonlocal tries
            tries += 1
            async with database.writing() as lane:
                await run(lane, database, "INSERT INTO teams (name) VALUES ('Red')")

        begun_s = time.monotonic()
        with pytest.raises(Contention) as met:
            await attempt()
        with pytest.raises(Contention):
            await database.retry(attempt, met.value, begun_s)
    assert tries == 1


async def test_retries_are_bounded() -> None:
    """A transaction that fails each time is given up after the allowed attempts."""
    tries = 0

    async def attempt() -> int:
        nonlocal tries
        tries += 1
        raise Contention

    with pytest.raises(Contention):
        await retried(attempt, max_retries=3)
    assert tries == 4


@pytest.mark.parametrize("error", [UnknownOutcome, Unavailable, ValueError])
async def test_other_errors_are_not_tried_again(error: type[Exception]) -> None:
    """Only contention is tried again: never an unknown outcome."""
    tries = 0

    async def attempt() -> int:
        nonlocal tries
        tries += 1
        raise error

    with pytest.raises(error):
        await retried(attempt)
    assert tries == 1
