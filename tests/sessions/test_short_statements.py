"""Statements on SQLite that are short run on the event loop; the others never hold it."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from modelwire import Database
from modelwire.execute.short import BUDGET_S, SHORT_S, ShortStatements
from modelwire.statement import Statement

LOOK_UP = "SELECT value FROM numbers WHERE id = ?"
GO_THROUGH = "SELECT count(*) FROM numbers a, numbers b WHERE a.value + b.value > ?"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE numbers (id INTEGER PRIMARY KEY, value INTEGER)")
    connection.executemany("INSERT INTO numbers VALUES (?, ?)", [(i, i) for i in range(5000)])
    yield connection
    connection.close()


def test_a_statement_is_short_once_it_was(connection: sqlite3.Connection) -> None:
    """The first run tells whether a statement is short."""
    short = ShortStatements()
    assert LOOK_UP not in short
    short.note(LOOK_UP, SHORT_S / 2)
    short.note(GO_THROUGH, SHORT_S * 2)
    assert LOOK_UP in short
    assert GO_THROUGH not in short
    assert short.run(connection, LOOK_UP, (7,)) == [(7,)]


def test_a_statement_that_turns_out_long_is_broken_off(connection: sqlite3.Connection) -> None:
    """What was short and is not any more gives the event loop back, and is tried once more only."""
    short = ShortStatements()
    short.note(GO_THROUGH, SHORT_S / 2)
    for known in (True, False):
        begun = time.perf_counter()
        assert short.run(connection, GO_THROUGH, (0,)) is None
        assert time.perf_counter() - begun < 100 * BUDGET_S  # it would take seconds
        assert (GO_THROUGH in short) is known


def test_a_statement_that_takes_long_once(connection: sqlite3.Connection) -> None:
    """One slow run is the machine's; two in a row are the statement's."""
    short = ShortStatements()
    for taken_s, known in ((0.5, True), (2, True), (0.5, True), (2, True), (2, False), (2, False)):
        short.note(LOOK_UP, taken_s * SHORT_S)
        assert (LOOK_UP in short) is known


def test_a_connection_is_as_before(connection: sqlite3.Connection) -> None:
    """No statement in the thread is broken off by what was set for one on the event loop."""
    short = ShortStatements()
    short.note(LOOK_UP, SHORT_S / 2)
    short.run(connection, LOOK_UP, (7,))
    # That takes longer than any statement may on the event loop.
    assert connection.execute(GO_THROUGH, (0,)).fetchone()


def test_an_error_is_the_statements_own(connection: sqlite3.Connection) -> None:
    """An error on the event loop is raised as it is."""
    short = ShortStatements()
    short.note("SELECT missing FROM numbers", SHORT_S / 2)
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        short.run(connection, "SELECT missing FROM numbers", ())


def test_few_statements_are_remembered() -> None:
    """However many statements there are, what is remembered has a limit."""
    short = ShortStatements()
    for number in range(3000):
        short.note(f"SELECT {number}", 0)
    assert "SELECT 0" not in short
    assert "SELECT 2999" in short
    assert sum(f"SELECT {number}" in short for number in range(3000)) == 1024


async def test_the_event_loop_runs_beside_long_statements(tmp_path: Path) -> None:
    """A statement that takes long holds nobody up, however often it has run."""
    database = Database(f"sqlite:///{tmp_path}/long.db")
    steps = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000)"
    statement = Statement(text(f"{steps} SELECT max(i) FROM n"), database.engine.dialect)
    longest, last = 0.0, time.perf_counter()

    async def tick() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0)
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()

    async def read() -> float:
        begun = time.perf_counter()
        async with database.reading() as lane:
            assert [tuple(row) for row in await lane.fetch(statement, {})] == [(2_000_000,)]
        return time.perf_counter() - begun

    ticking = asyncio.ensure_future(tick())
    taken = [await read() for _ in range(3)]
    ticking.cancel()
    await database.close_db()
    assert longest < min(taken) / 2


async def run_in_thread(database: Database) -> bool:
    """Run a statement; returns whether it ran in a thread of its own."""
    statement = Statement(text("SELECT thread_of_statement()"), database.engine.dialect)
    async with database.reading() as lane:
        rows = await lane.fetch(statement, {})
    return int(rows[0][0]) != threading.get_ident()


async def open_database(path: Path, *, waits: bool) -> Database:
    """A database whose one connection has a function that tells the thread."""
    database = Database(f"sqlite:///{path}", pool_size=1)
    async with database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
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


async def test_transactions_stay_in_their_thread(tmp_path: Path) -> None:
    """What a transaction that writes reads runs in its thread, as what it writes does."""
    database = await open_database(tmp_path / "writing.db", waits=False)
    statement = Statement(text("SELECT thread_of_statement()"), database.engine.dialect)
    for _ in range(3):
        async with database.writing() as lane:
            ((thread,),) = await lane.fetch(statement, {})
            assert thread != threading.get_ident()
    await database.close_db()
