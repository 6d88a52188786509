"""Connections of a pool that can't be opened, or that are found dead."""

import asyncio
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modelwire import Database
from modelwire.errors import Unavailable
from modelwire.execute.connect.pool import FairPool


@pytest.fixture
def pool(tmp_path: Path) -> FairPool:
    """A pool of two, which has opened no connection."""
    database = Database(f"sqlite:///{tmp_path}/a.db", pool_size=2, pool_timeout_s=60)
    found = database.engine.sync_engine.pool
    assert isinstance(found, FairPool)
    return found


def failing(error: Exception) -> Any:
    async def fail(*_: object) -> None:
        raise error

    return fail


AWAY = sqlite3.OperationalError("unable to open database file")
AWAY.sqlite_errorname = "SQLITE_CANTOPEN"
ERRORS = [
    (TimeoutError(), Unavailable),
    (AWAY, Unavailable),
    (ConnectionRefusedError(), Unavailable),
    (ZeroDivisionError(), ZeroDivisionError),
]


@pytest.mark.parametrize(("error", "expected"), ERRORS, ids=repr)
async def test_a_connection_that_can_not_be_reopened(
    pool: FairPool, monkeypatch: pytest.MonkeyPatch, error: Exception, expected: type[Exception]
) -> None:
    """That counts as one that could not be opened; an unexpected error stays what it is."""
    monkeypatch.setattr(pool, "open_anew", failing(error))
    connection: Any = None
    with pytest.raises(expected):
        await pool.reopen(connection)


@pytest.mark.parametrize(("error", "expected"), ERRORS, ids=repr)
async def test_a_connection_that_can_not_be_taken(
    pool: FairPool, monkeypatch: pytest.MonkeyPatch, error: Exception, expected: type[Exception]
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(pool, "connect", fail)
    with pytest.raises(expected):
        await pool.take()


async def test_nothing_is_opened_without_need(
    pool: FairPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool of full size is waited for, until a connection is free or another may be opened."""
    opened: list[int] = []
    monkeypatch.setattr(pool, "connect", lambda: opened.append(1))
    monkeypatch.setattr(pool, "take_ready", lambda idle: idle.pop() if idle else None)
    await pool.take()
    assert opened == [1]
    monkeypatch.setattr(type(pool), "is_whole", True)
    waiting = [asyncio.ensure_future(pool.take()) for _ in range(2)]
    await asyncio.sleep(0)
    assert (pool.waiting, opened) == (2, [1])
    connection: Any = object()
    pool.queue.put_nowait(connection)
    assert await waiting[0] is connection
    pool.note_closed()
    await waiting[1]
    assert (pool.waiting, opened) == (0, [1, 1])


async def test_a_pool_never_exceeds_its_size(tmp_path: Path) -> None:
    """Neither does one that takes its place once its connections are closed."""
    database = Database(f"sqlite:///{tmp_path}/a.db", pool_size=1, pool_timeout_s=60)
    for _ in range(2):
        pool: Any = database.engine.sync_engine.pool
        first = await pool.take()
        waiting = asyncio.ensure_future(pool.take())
        for _ in range(20):
            await asyncio.sleep(0)
        assert pool.waiting == 1
        first.close()
        (await waiting).close()
        await database.close_db()


async def test_nothing_is_waited_for_longer_than_that(
    pool: FairPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(pool), "is_whole", True)
    assert pool.queue.patience.limit_s == 60
    waiting = asyncio.ensure_future(pool.take())
    await asyncio.sleep(0)
    pool.queue.patience.look(0.0)
    pool.queue.patience.look(60.0)
    with pytest.raises(Unavailable):
        await waiting


class Record:
    """An entry of a pool, with its connection.

    Args:
        is_dead: Whether its connection is dead; None if it has none.
        error: The error of discarding it.
    """

    def __init__(self, *, is_dead: bool | None, error: Exception | None = None) -> None:
        self.driver_connection = None if is_dead is None else SimpleNamespace(is_dead=is_dead)
        self.error = error
        self.discarded = 0

    def invalidate(self) -> None:
        self.discarded += 1
        if self.error is not None:
            raise self.error


def test_a_dead_connection_is_reopened_before_its_next_use(pool: FairPool) -> None:
    """One that can't be discarded goes back, so that the pool does not shrink."""
    for is_dead in (True, False, None):
        record: Any = Record(is_dead=is_dead)
        pool.renew(record)
        assert record.discarded == bool(is_dead)
        assert pool.queue.idle == []
    broken: Any = Record(is_dead=True, error=OSError("broken"))
    with pytest.raises(OSError, match="broken"):
        pool.renew(broken)
    assert pool.queue.idle == [broken]
    pool.queue.idle.clear()
