"""Private parts of aiosqlite that modelwire uses."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from typing import Any

import aiosqlite
import aiosqlite.context
import pytest

from modelwire.compat.aiosqlite import Orders, ThreadConnection

from .canary import missing_from, parameters_of, unwritten_in

CONNECT = partial(sqlite3.connect, ":memory:", check_same_thread=False)


def test_connection_has_its_parts() -> None:
    assert missing_from(aiosqlite.Connection, ("_execute", "_connect", "stop")) == []
    assert unwritten_in(aiosqlite.Connection, ("_tx", "_thread", "_connection")) == []


def test_connection_takes_what_opens_it_and_the_size_of_a_chunk() -> None:
    assert parameters_of(aiosqlite.Connection)[:2] == ["connector", "iter_chunk_size"]


def test_contextmanager_makes_what_can_be_awaited_and_entered() -> None:
    assert missing_from(aiosqlite.context, ("contextmanager",)) == []


async def test_thread_does_what_it_is_told_by_its_queue() -> None:
    connection = ThreadConnection(CONNECT, 64)
    assert isinstance(connection._tx, Orders), "Connection._tx"
    assert connection._thread.daemon, "Connection._thread"
    before = connection.driver
    assert before is None, "Connection._connection before it is open"
    await connection
    assert isinstance(connection.driver, sqlite3.Connection), "Connection._connection"
    done = asyncio.get_running_loop().create_future()
    connection.orders.put_nowait((done, lambda: "done"))
    assert await done == "done", "the order of a pair in Connection._tx"
    await connection.close()
    assert connection.driver is None, "Connection._connection once it is closed"


async def test_whatever_runs_in_the_thread_comes_through_one_method() -> None:
    seen = []

    class Timed(ThreadConnection):
        async def run(self, fn: Any, *arguments: Any, **options: Any) -> Any:
            seen.append(getattr(fn, "__name__", repr(fn)))
            return await super().run(fn, *arguments, **options)  # type: ignore[no-untyped-call]

    async with Timed(CONNECT, 64) as connection:
        cursor = await connection.execute("SELECT 1")
        await cursor.fetchall()
        await cursor.close()
        await connection.commit()
    assert {"execute", "fetchall", "close", "commit"} <= {*seen}, f"Connection._execute ran {seen}"


async def test_connection_that_cannot_be_opened_stops_its_thread() -> None:
    stopped = []

    class Stopped(ThreadConnection):
        def stop(self) -> asyncio.Future[Any] | None:
            stopped.append(self)
            return super().stop()

    def refuse() -> sqlite3.Connection:
        raise sqlite3.OperationalError

    with pytest.raises(sqlite3.OperationalError):
        await Stopped(refuse, 64)
    assert stopped, "Connection._connect calls stop()"


def test_answer_to_a_loop_that_is_closed_does_not_end_the_thread() -> None:
    connection = ThreadConnection(CONNECT, 64)
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    loop.close()
    connection._thread.start()
    connection.orders.put_nowait((future, lambda: None))
    connection.orders.put_nowait((None, connection.stop))
    connection._thread.join(5)
    assert not connection._thread.is_alive(), "the thread answers by future.get_loop()"
