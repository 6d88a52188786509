"""Cursors on SQLite: they are released without waiting, and closed by their own thread."""

import asyncio
import gc
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from modelwire import Database
from modelwire.execute.connect.limit import StatementLimit
from modelwire.execute.sqlite.connection import SQLiteConnection
from modelwire.execute.sqlite.short_statements import Run
from tests.live.conftest import eventually

from .connections import free_claim, open_limited

STEPS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
NUMBERS = f"{STEPS} WHERE i < 100) SELECT i FROM n"
ENDLESS = f"{STEPS}) SELECT max(i) FROM n"
WAIT_S = 3.0


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[SQLiteConnection]:
    connection = await open_limited(tmp_path / "cursors.db")
    yield connection
    await connection.close()


async def keep_wrapper(limited: SQLiteConnection) -> object:
    """The cursor that a session works with, which is not closed."""
    return await limited.execute(NUMBERS)


async def keep_generator(limited: SQLiteConnection) -> object:
    """A generator that was read in part."""
    rows = aiter(await limited.execute(NUMBERS))
    assert await anext(rows) == (1,)
    return rows


async def keep_traceback(limited: SQLiteConnection) -> object:
    """An error, in whose traceback a cursor stands."""

    def fail() -> None:
        cursor = limited._conn.execute(NUMBERS)
        raise ValueError(cursor.fetchone())

    with pytest.raises(ValueError, match="1") as caught:
        await limited._execute(fail)
    return caught.value


async def keep_circle(limited: SQLiteConnection) -> object:
    """A cursor that only the garbage collector finds."""
    circle = [await limited.execute(NUMBERS)]
    circle.append(circle)  # type: ignore[arg-type]
    return circle


Keep = Callable[[SQLiteConnection], Awaitable[object]]
KEEPERS = (keep_wrapper, keep_generator, keep_traceback, keep_circle)


async def keep_busy(limited: SQLiteConnection) -> asyncio.Task[Any]:
    """Run a statement without end in a connection's thread."""
    running = threading.Event()

    def note() -> int:
        running.set()
        return 1

    await limited.create_function("note", 0, note)
    sql = ENDLESS.replace("SELECT 1", "SELECT note()")
    task = asyncio.ensure_future(limited.execute_fetchall(sql))
    await asyncio.sleep(0)
    assert running.wait(60)
    return task


async def end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@contextmanager
def without_waiting(limited: SQLiteConnection) -> Iterator[None]:
    """Fail if the block waits for the statement that is running; it is ended then."""
    rescue = threading.Timer(WAIT_S, limited.end_statement)
    rescue.start()
    begun = time.monotonic()
    yield
    rescue.cancel()
    assert time.monotonic() - begun < WAIT_S


@pytest.fixture
def few_objects() -> Iterator[None]:
    """Have the collector look at what is made from here on: all else takes seconds at times."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("few_objects")
@pytest.mark.parametrize("keep", KEEPERS)
async def test_letting_go_of_a_cursor(limited: SQLiteConnection, keep: Keep) -> None:
    """A cursor that is let go of beside a long statement is closed after that, by the thread."""
    kept = await keep(limited)
    connection: Any = limited._conn
    assert connection.open_cursors == 1
    task = await keep_busy(limited)
    with without_waiting(limited):
        del kept
        gc.collect()
    await end(task)
    await limited.execute_fetchall("SELECT 1")
    await eventually(lambda: connection.open_cursors == 0)


async def test_a_failed_statement_keeps_no_cursor(limited: SQLiteConnection) -> None:
    """However a statement fails, its cursor is closed before anybody hears of it."""
    connection: Any = limited._conn
    rows = f"{STEPS}) SELECT i FROM n"
    for sql in ("SELECT missing", "SELECT abs(-9223372036854775808)", ENDLESS, rows):
        for run in (partial(limited.read, claim=free_claim()), limited.execute_fetchall):
            limited.limit = StatementLimit(limited, 0.01, 0.01)
            with pytest.raises(sqlite3.Error):
                await run(sql, ())
            assert connection.open_cursors == 0


async def test_nothing_is_read_on_the_event_loop_while_the_thread_is_at_work(
    limited: SQLiteConnection,
) -> None:
    """A short statement on a connection whose thread is at work waits for that in the thread."""
    limited._short.whole.note("SELECT 7", Run([(7,)], 0))
    task = await keep_busy(limited)
    with without_waiting(limited):
        reading = asyncio.ensure_future(limited.read("SELECT 7", (), free_claim()))
        await asyncio.sleep(0)
    assert not reading.done()
    await end(task)
    assert await reading == [(7,)]


async def test_a_connection_that_is_given_back_has_no_open_cursor(tmp_path: Path) -> None:
    """A cursor left open is closed before the connection is given to the next user.

    Otherwise an interruption of the one could hit the other.
    """
    database = Database(f"sqlite:///{tmp_path}/left.db", pool_size=1, statement_timeout_s=0.1)
    async with database.engine.connect() as opened:
        driver: Any = (await opened.get_raw_connection()).driver_connection
        left = aiter(await driver.execute(NUMBERS))
        await anext(left)
    async with database.engine.connect() as opened:
        with pytest.raises(Exception, match="interrupted"):
            await opened.execute(text(ENDLESS))
        assert (await opened.execute(text("SELECT 7"))).scalar_one() == 7
    del left
    await database.close_db()
