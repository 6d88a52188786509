"""Numbers are read in one order, whatever the order in which transactions began and commit."""

import asyncio
import datetime as dt
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
import pytest_asyncio

from modelwire import Database
from modelwire.execute.feed.feed import Feed
from modelwire.execute.feed.horizon import Horizon, Look
from modelwire.statement.changes import CHANGES
from tests.conftest import PATIENT, create_postgres_database
from tests.examples import THOROUGH

MINUTE_S = 60.0


def test_a_number_waits_for_what_had_begun_when_it_was_seen() -> None:
    horizon = Horizon()
    assert horizon.note(Look(0, 10, 10))
    assert horizon.final == 0
    assert not horizon.note(Look(7, 12, 11))  # transaction 11 may hold a lower number
    assert not horizon.note(Look(7, None, 11))
    assert horizon.is_waiting
    assert horizon.note(Look(9, 15, 12))  # 11 has ended: 7 is final, and 9 is not yet
    assert horizon.final == 7
    assert horizon.note(Look(9, None, 15))
    assert horizon.final == 9
    assert not horizon.is_waiting


class Log:
    """The log of a PostgreSQL database, written to by connections of the test's own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._open: list[asyncpg.Connection] = []

    async def connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(self.url)
        self._open.append(connection)
        return connection

    async def close(self) -> None:
        for connection in self._open:
            await connection.close()


async def write(connection: asyncpg.Connection) -> int:
    """Write one change, as part of the transaction that is open, and tell of it."""
    await connection.execute("SELECT pg_notify('modelwire_changes', '')")
    number: int = await connection.fetchval(
        'INSERT INTO modelwire_changes (at, transaction, "table", key, operation) '
        "VALUES (now(), pg_current_xact_id(), 'things', '[1]', 'update') RETURNING number"
    )
    return number


@pytest_asyncio.fixture
async def log(postgres_server: str, worker_id: str) -> AsyncIterator[Log]:
    url = await create_postgres_database(postgres_server, f"modelwire_order_{worker_id}")
    database = Database(url, metadata=CHANGES.metadata, **PATIENT)
    await database.init_db()
    await database.close_db()
    log = Log(url)
    yield log
    await log.close()


@asynccontextmanager
async def open_feed(log: Log) -> AsyncIterator[Feed]:
    database = Database(log.url, **PATIENT)
    yield database.tracking.feed
    await database.close_db()


async def read(connection: asyncpg.Connection, after: int, upto: int) -> list[int]:
    found = await connection.fetch(
        "SELECT number FROM modelwire_changes WHERE number > $1 AND number <= $2 ORDER BY number",
        after,
        upto,
    )
    return [number for (number,) in found]


async def test_a_lower_number_that_commits_later_is_read_first(log: Log) -> None:
    one, two, reader = await log.connect(), await log.connect(), await log.connect()
    async with open_feed(log) as feed:
        assert await feed.find(MINUTE_S) == 0
        first, second = one.transaction(), two.transaction()
        await first.start()
        await second.start()
        low, high = await write(one), await write(two)
        await second.commit()
        assert await feed.wait(0, 0.2) == 0  # there is one to wait for
        await first.commit()
        assert await read(reader, 0, await feed.wait(0, MINUTE_S)) == [low, high]


async def test_a_younger_transaction_with_the_lower_number_is_waited_for(log: Log) -> None:
    """The highest transaction that a snapshot knows is not the last that has begun."""
    old, young, reader = await log.connect(), await log.connect(), await log.connect()
    async with open_feed(log) as feed:
        assert await feed.find(MINUTE_S) == 0
        first, second = old.transaction(), young.transaction()
        await first.start()
        await old.fetchval("SELECT pg_current_xact_id()::text")
        await second.start()
        low, high = await write(young), await write(old)
        await first.commit()
        assert await feed.wait(0, 0.2) == 0
        await second.commit()
        assert await read(reader, 0, await feed.wait(0, MINUTE_S)) == [low, high]


async def test_two_changes_of_a_row_are_read_as_they_were_made(log: Log) -> None:
    """The transaction that began first changes the row last, so that its number is the higher."""
    old, young, reader = await log.connect(), await log.connect(), await log.connect()
    async with open_feed(log) as feed:
        first = old.transaction()
        await first.start()
        await write(old)
        made = [await write(young)]
        made.append(await write(old))
        await first.commit()
        final = await feed.wait(made[0], MINUTE_S)
        assert (await read(reader, 0, final))[1:] == made


async def test_what_is_undone_holds_nothing_up(log: Log) -> None:
    one, two = await log.connect(), await log.connect()
    async with open_feed(log) as feed:
        assert await feed.find(MINUTE_S) == 0
        undone = one.transaction()
        await undone.start()
        await write(one)
        high = await write(two)
        await undone.rollback()
        assert await feed.wait(0, MINUTE_S) == high


async def test_readers_of_transactions_that_overlap_read_the_same(log: Log) -> None:
    """Several readers follow many writers at once; nothing appears behind what one has read."""
    count = 60 * max(1, THOROUGH)
    draws, written = random.Random(7), []
    is_over = asyncio.Event()

    async def work(connection: asyncpg.Connection) -> None:
        for _ in range(count):
            transaction = connection.transaction()
            await transaction.start()
            numbers = []
            for _ in range(draws.randint(1, 3)):
                numbers.append(await write(connection))
                await asyncio.sleep(draws.choice((0, 0, 0.001, 0.003)))
            if draws.random() < 0.2:
                await transaction.rollback()
            else:
                await transaction.commit()
                written.extend(numbers)

    async def follow(feed: Feed, connection: asyncpg.Connection) -> list[int]:
        found: list[int] = []
        position = 0
        while not is_over.is_set() or position < max(written):
            final = await feed.wait(position, 0.05)
            found += await read(connection, position, final)
            position = final
        return found

    writers = [await log.connect() for _ in range(6)]
    async with open_feed(log) as one, open_feed(log) as two:
        followers = [
            asyncio.create_task(follow(feed, await log.connect())) for feed in (one, one, two)
        ]
        await asyncio.gather(*map(work, writers))
        is_over.set()
        async with asyncio.timeout(MINUTE_S):
            for found in await asyncio.gather(*followers):
                assert found == sorted(written)


async def test_a_lost_connection_is_opened_again(log: Log) -> None:
    admin = await log.connect()
    async with open_feed(log) as feed:
        assert await feed.find(MINUTE_S) == 0
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert await feed.wait(0, 0.5) == 0
        number = await write(admin)
        assert await feed.wait(0, MINUTE_S) == number


@pytest.mark.parametrize("name", ["", ":memory:", "{path}"])
async def test_sqlite_is_looked_at_while_somebody_waits(name: str, tmp_path: object) -> None:
    url = f"sqlite:///{name.format(path=f'{tmp_path}/log.db')}"
    database = Database(url, metadata=CHANGES.metadata, **PATIENT)
    await database.init_db()
    try:
        assert await database.tracking.feed.find(MINUTE_S) == 0
        waiter = asyncio.create_task(database.tracking.feed.wait(0, MINUTE_S))
        async with database.engine.begin() as connection:
            await connection.execute(
                CHANGES.insert().values(
                    at=dt.datetime.now(dt.UTC), table="things", key="[1]", operation="update"
                )
            )
        assert await waiter == 1
        assert await database.tracking.feed.find(MINUTE_S) == 1
    finally:
        await database.close_db()
