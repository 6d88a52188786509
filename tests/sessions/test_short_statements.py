"""Statements on SQLite that are short run on the event loop; the others never hold it."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from modelwire import Database
from modelwire.execute.sqlite.connection import SQLiteConnection
from modelwire.execute.sqlite.short_statements import HELD_S, ROW_S, SHORT_S, Run, ShortWork
from modelwire.statement.statements import Statement

from .connections import free_claim, open_limited

LOOK_UP = "SELECT value FROM numbers WHERE id = ?"
STEPS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
GO_THROUGH = "SELECT count(*) FROM numbers a, numbers b WHERE a.value + b.value > ?"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE numbers (id INTEGER PRIMARY KEY, value INTEGER)")
    connection.executemany("INSERT INTO numbers VALUES (?, ?)", [(i, i) for i in range(5000)])
    yield connection
    connection.close()


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[SQLiteConnection]:
    """A connection to a file of numbers, with functions that note where they run."""
    connection = await open_limited(tmp_path / "limited.db")
    await connection.execute_fetchall("CREATE TABLE numbers (id INTEGER PRIMARY KEY, value)")
    await connection.execute_fetchall(f"INSERT INTO numbers {STEPS} SELECT i, i FROM n", (5000,))
    yield connection
    await connection.close()


async def listen(connection: SQLiteConnection, name: str) -> list[bool]:
    """Give a connection a function, which notes at each call whether it is on the event loop."""
    calls: list[bool] = []
    here = threading.get_ident()

    def note(*_arguments: Any) -> int:
        calls.append(threading.get_ident() == here)
        return len(calls)

    await connection.create_function(name, -1, note)
    return calls


def run_of(rows: int, taken_s: float) -> Run:
    return Run([()] * rows, taken_s)


def test_a_statement_is_short_once_it_was(connection: sqlite3.Connection) -> None:
    """The first run tells whether a statement is short."""
    short = ShortWork()
    assert LOOK_UP not in short
    short.note(LOOK_UP, run_of(1, SHORT_S / 2))
    short.note(GO_THROUGH, run_of(1, SHORT_S * 2))
    assert LOOK_UP in short
    assert GO_THROUGH not in short
    found = short.run(connection, LOOK_UP, lambda: connection.execute(LOOK_UP, (7,)))
    assert found is not None
    assert found.rows == [(7,)]


def test_many_rows_may_take_longer() -> None:
    """The time limit of a statement grows with its rows, up to what blocks the loop too long."""
    short = ShortWork()
    taken_s = SHORT_S + 500 * ROW_S
    short.note("few", run_of(499, taken_s))
    short.note("many", run_of(501, taken_s))
    short.note("endless", run_of(1_000_000, HELD_S))
    assert "few" not in short
    assert "many" in short
    assert "endless" not in short


def test_rows_that_come_slowly_are_broken_off(connection: sqlite3.Connection) -> None:
    """A statement is broken off by the rows that it has given, not by those that may come."""
    seldom = f"{STEPS} SELECT i FROM n WHERE i % 1000000 = 0"
    short = ShortWork()
    short.note(seldom, run_of(1000, 0))
    begun = time.thread_time()
    assert short.run(connection, seldom, lambda: connection.execute(seldom, (10**9,))) is None
    assert time.thread_time() - begun < 100 * HELD_S  # it would take minutes


def test_endless_rows_are_broken_off(connection: sqlite3.Connection) -> None:
    """However fast rows come, the event loop is not held for all of them."""
    endless = f"{STEPS} SELECT i FROM n"
    short = ShortWork()
    begun = time.thread_time()
    assert short.run(connection, endless, lambda: connection.execute(endless, (10**9,))) is None
    assert time.thread_time() - begun < 100 * HELD_S  # it would take minutes


def test_a_statement_that_turns_out_long_is_broken_off(connection: sqlite3.Connection) -> None:
    """A short statement that has become long yields to the loop, and is retried only once."""
    short = ShortWork()
    short.note(GO_THROUGH, run_of(1, 0))
    for known in (True, False):
        begun = time.thread_time()
        found = short.run(connection, GO_THROUGH, lambda: connection.execute(GO_THROUGH, (0,)))
        assert found is None
        assert time.thread_time() - begun < 10 * HELD_S  # it would take seconds
        assert (GO_THROUGH in short) is known


def test_a_statement_that_takes_long_once() -> None:
    """One slow run is the machine's; two in a row are the statement's."""
    short = ShortWork()
    for taken_s, known in ((0.5, True), (2, True), (0.5, True), (2, True), (2, False), (2, False)):
        short.note(LOOK_UP, run_of(0, taken_s * SHORT_S))
        assert (LOOK_UP in short) is known


def test_a_connection_is_as_before(connection: sqlite3.Connection) -> None:
    """No statement in the thread is broken off by what was set for one on the event loop."""
    short = ShortWork()
    short.run(connection, LOOK_UP, lambda: connection.execute(LOOK_UP, (7,)))
    # That takes longer than any statement may on the event loop.
    assert connection.execute(GO_THROUGH, (0,)).fetchone()


def test_an_error_is_the_statements_own(connection: sqlite3.Connection) -> None:
    """An error on the event loop is raised as it is."""
    sql = "SELECT missing FROM numbers"
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        ShortWork().run(connection, sql, lambda: connection.execute(sql))


def test_an_interrupt_of_others_is_an_error(connection: sqlite3.Connection) -> None:
    """A statement interrupted by a timeout is not taken for an aborted one, and not rerun."""
    connection.create_function("stop", 0, connection.interrupt)
    sql = "SELECT stop() FROM numbers"
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        ShortWork().run(connection, sql, lambda: connection.execute(sql))


def test_few_statements_are_remembered() -> None:
    """However many statements there are, what is remembered has a limit."""
    short = ShortWork()
    for number in range(3000):
        short.note(f"SELECT {number}", run_of(0, 0))
    assert "SELECT 0" not in short
    assert "SELECT 2999" in short
    assert sum(f"SELECT {number}" in short for number in range(3000)) == 1024


async def test_a_thread_begins_and_the_event_loop_reads(limited: SQLiteConnection) -> None:
    """Of a statement that takes long to come to its first row, the others are read on the event
    loop."""
    sql = (
        f"{STEPS}, slow AS MATERIALIZED (SELECT max(i) AS highest FROM n)"
        " SELECT id, highest, note() FROM slow CROSS JOIN numbers WHERE id <= 100"
    )
    calls = await listen(limited, "note")
    first, second = [await limited.read(sql, (200_000,), free_claim()) for _ in range(2)]
    assert [row[:2] for row in first] == [(id_, 200_000) for id_ in range(1, 101)]
    assert [row[:2] for row in second] == [row[:2] for row in first]
    assert calls[:100] == [False] * 100
    # The driver itself is always one row ahead.
    assert calls[100:] == [False] + [True] * 99


@pytest.mark.parametrize("part", ["whole", "rest"])
async def test_what_was_broken_off_is_run_once_more(limited: SQLiteConnection, part: str) -> None:
    """A statement that was broken off runs again in the thread, once, and gives all its rows."""
    sql = (
        f"{STEPS}, begun AS MATERIALIZED (SELECT note() AS run)"
        " SELECT run > 0, i FROM begun CROSS JOIN n WHERE i = 1 OR i = 2000000"
    )
    calls = await listen(limited, "note")
    getattr(limited._short, part).note(sql, run_of(2, 0))
    assert await limited.read(sql, (2_000_000,), free_claim()) == [(1, 1), (1, 2_000_000)]
    assert calls == [part == "whole", False]


async def test_those_who_waited_come_first(limited: SQLiteConnection) -> None:
    """A task that has held the event loop for long lets others run before it goes on."""
    sql = "SELECT a.id, b.id FROM numbers a, numbers b WHERE b.id <= 2"
    limited._short.whole.note(sql, run_of(10_000, 0))
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.ensure_future(tick())
    for _ in range(5):
        assert len(await limited.read(sql, (), free_claim())) == 10_000
    ticking.cancel()
    assert ticks >= 5


@pytest.mark.parametrize("part", ["whole", "rest"])
async def test_a_write_runs_once_and_in_the_thread(tmp_path: Path, part: str) -> None:
    """No statement that changes something runs on the event loop, whatever is known of it."""
    database = Database(f"sqlite:///{tmp_path}/writes.db", pool_size=1)
    sql = "INSERT INTO noted VALUES (note()) RETURNING id"
    statement = Statement(text(sql), database.engine.dialect)
    async with database.engine.connect() as opened:
        raw = await opened.get_raw_connection()
        driver: Any = raw.driver_connection
        await driver.execute_fetchall("CREATE TABLE noted (id INTEGER)")
        calls = await listen(driver, "note")
        getattr(driver._short, part).note(statement.compiled.text, run_of(1, 0))
    async with database.writing() as lane:
        assert [tuple(row) for row in await lane.fetch(statement, {})] == [(1,)]
    async with database.writing(single=True) as lane:
        assert [tuple(row) for row in await lane.fetch(statement, {})] == [(2,)]
    await database.close_db()
    assert calls == [False, False]


async def test_a_cancelled_reader_keeps_no_lock(limited: SQLiteConnection) -> None:
    """A read cancelled before its rows were read leaves nothing open once it is undone."""
    sql = "SELECT begin(id) FROM numbers"
    begun = threading.Event()
    await limited.create_function("begin", 1, lambda _id: begun.set())
    limited._short.rest.note(sql, run_of(5000, 0))
    reading = asyncio.ensure_future(limited.read(sql, (), free_claim()))
    await asyncio.sleep(0)
    assert begun.wait(60)  # its first row is there, the event loop has not seen it
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await limited.rollback()
    await limited.execute_fetchall("INSERT INTO numbers VALUES (6000, 1)")
    ((busy, *_),) = await limited.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
    assert busy == 0


async def test_the_event_loop_runs_beside_long_statements(tmp_path: Path) -> None:
    """A statement that takes long blocks no other request, however often it has run."""
    database = Database(f"sqlite:///{tmp_path}/long.db", pool_size=1)
    statement = Statement(text("SELECT wait_for_the_event_loop()"), database.engine.dialect)
    begun, ran = threading.Event(), threading.Event()

    def wait() -> bool:
        begun.set()
        has_run = ran.wait(60)
        until = time.thread_time() + 2 * SHORT_S  # waiting is no work that a statement does
        while time.thread_time() < until:
            pass
        return has_run

    async def answer() -> None:
        while True:
            await asyncio.sleep(0)
            if begun.is_set():
                ran.set()

    await (await driver_of(database)).create_function("wait_for_the_event_loop", 0, wait)
    answering = asyncio.ensure_future(answer())
    for _ in range(3):
        begun.clear()
        ran.clear()
        async with database.reading() as lane:
            assert [tuple(row) for row in await lane.fetch(statement, {})] == [(True,)]
    answering.cancel()
    await database.close_db()


async def driver_of(database: Database) -> Any:
    """The one connection of a database."""
    async with database.engine.connect() as connection:
        return (await connection.get_raw_connection()).driver_connection


async def run_in_thread(database: Database) -> bool:
    """Run a statement; returns whether it ran in a thread of its own."""
    statement = Statement(text("SELECT thread_of_statement()"), database.engine.dialect)
    async with database.reading() as lane:
        rows = await lane.fetch(statement, {})
    return int(rows[0][0]) != threading.get_ident()


async def open_database(path: Path, *, waits: bool) -> Database:
    """A database whose one connection has a function that tells the thread."""
    database = Database(f"sqlite:///{path}", pool_size=1)
    driver = await driver_of(database)
    await driver.create_function("thread_of_statement", 0, threading.get_ident)
    assert not driver.waits
    driver.waits = waits
    return database


async def test_short_statements_need_no_thread(tmp_path: Path) -> None:
    """A statement runs in the connection's thread first, and on the event loop then."""
    database = await open_database(tmp_path / "short.db", waits=False)
    assert [await run_in_thread(database) for _ in range(3)] == [True, False, False]
    await database.close_db()


async def test_readers_that_may_wait_do_so_in_their_thread(tmp_path: Path) -> None:
    """Without WAL a reader may have to wait for a writer, which never happens on the event loop."""
    database = await open_database(tmp_path / "waiting.db", waits=True)
    assert [await run_in_thread(database) for _ in range(3)] == [True, True, True]
    await database.close_db()


async def test_readers_that_share_a_cache_run_in_their_thread(tmp_path: Path) -> None:
    """Connections that share a cache run in their threads, as one waits for another."""
    database = Database(f"sqlite:///file:{tmp_path}/shared.db?cache=shared&uri=true")
    async with database.reading() as lane:
        assert lane.connection.waits  # type: ignore[attr-defined]
    await database.close_db()


async def test_transactions_stay_in_their_thread(tmp_path: Path) -> None:
    """Reads of a transaction that writes run in its thread, as its writes do."""
    database = await open_database(tmp_path / "writing.db", waits=False)
    statement = Statement(text("SELECT thread_of_statement()"), database.engine.dialect)
    for _ in range(3):
        async with database.writing() as lane:
            ((thread,),) = await lane.fetch(statement, {})
            assert thread != threading.get_ident()
    await database.close_db()
