"""PostgreSQL is told of changes once they are committed: who notifies in a transaction waits for
all others who do, until their commits are on the disk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlmodel import select

from modelwire import Database
from modelwire.execute import database as database_module
from modelwire.execute.feed import notifier
from modelwire.execute.postgresql import watch
from modelwire.statement.changes import NOTIFIED
from tests.conftest import PATIENT, MakeURL

from .conftest import make_followed_app
from .listening import MINUTE_S, listen, served, take
from .tables import TASKS, Base, FollowedTask
from .test_pages import CHANGES, create

WRITES = 60


@pytest_asyncio.fixture(params=["postgresql"])
async def followed_url(request: pytest.FixtureRequest, make_url: MakeURL) -> str:
    """The URL of a database: SQLite has no notifications."""
    return await make_url(request.param, "notices")


@dataclass
class Listener:
    """Listener on the channel."""

    connection: asyncpg.Connection
    heard: list[int] = field(default_factory=list)

    async def wait(self, count: int) -> None:
        """Wait until so much was heard."""
        async with asyncio.timeout(MINUTE_S):
            while len(self.heard) < count:
                await asyncio.sleep(0.01)

    async def settle(self) -> int:
        """Have all heard that was sent by now; returns how much that is."""
        await self.connection.fetchval("SELECT 1")
        return len(self.heard)


@pytest_asyncio.fixture
async def listener(followed_url: str) -> AsyncIterator[Listener]:
    found = Listener(await asyncpg.connect(followed_url))

    def hear(_connection: Any, pid: int, *_told: Any) -> None:
        found.heard.append(pid)

    await found.connection.add_listener(NOTIFIED, hear)
    yield found
    await found.connection.close()


@pytest.fixture
def at_once_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing told a second time, and nobody look without a reason."""
    monkeypatch.setattr(notifier, "PAUSE_S", MINUTE_S)
    monkeypatch.setattr(watch, "_HEARD_S", MINUTE_S)


@pytest.mark.usefixtures("at_once_only")
async def test_many_writes(
    writer: httpx2.AsyncClient, listener: Listener, followed: Database
) -> None:
    """They are told of together, however many there are; what is left when the database is
    closed is told then."""
    await asyncio.gather(*(create(writer, title=str(n)) for n in range(WRITES)))
    await listener.wait(1)
    await create(writer, title="last")
    assert await listener.settle() == 1
    await followed.close_db()
    assert await listener.settle() == 2


@pytest.mark.usefixtures("at_once_only")
async def test_sessions(followed_app: FastAPI, listener: Listener, followed: Database) -> None:
    """An application's own session is told of as well, and what it undoes is not."""
    assert followed_app is not None  # its changes are noted
    async with followed.session() as session:
        session.add(FollowedTask(title="undone"))
        await session.flush()
        await session.rollback()
        await session.exec(select(FollowedTask))
        await session.commit()
        await asyncio.sleep(0)
        assert await listener.settle() == 0
        savepoint = await session.begin_nested()
        session.add(FollowedTask(title="undone"))
        await session.flush()
        await savepoint.rollback()
        async with session.begin_nested():
            session.add(FollowedTask(title="done"))
        await session.commit()
    await listener.wait(1)
    assert await listener.settle() == 1


async def test_other_programs(
    followed_url: str, writer: httpx2.AsyncClient, listener: Listener
) -> None:
    """Commits of other programs notify by themselves."""
    await create(writer, title="first")
    await listener.wait(1)
    other = await asyncpg.connect(followed_url)
    for count in range(2, 5):
        await other.execute("UPDATE followed_tasks SET title = title || '.'")
        await listener.wait(count)
    assert listener.heard[1:] == [other.get_server_pid()] * 3
    await other.close()


async def test_other_processes(
    followed_url: str, writer: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A follower of changes by another process gets each, without needless polling."""
    monkeypatch.setattr(watch, "_HEARD_S", MINUTE_S)
    database = Database(followed_url, metadata=Base.metadata, **PATIENT)
    app = make_followed_app(database, TASKS)
    async with served(app) as client, listen(client, CHANGES, after=0) as events:
        for n in range(WRITES):
            await create(writer, title=str(n))
            (event,) = await take(events, 1)
            assert event.data is not None
            assert event.data["item"]["title"] == str(n)
        rows = [create(writer, title=str(n)) for n in range(WRITES)]
        await asyncio.gather(*rows)
        assert len(await take(events, WRITES)) == WRITES
    await database.close_db()


async def test_no_answer(followed_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed notification is given up with the database, and all else is closed."""
    monkeypatch.setattr(database_module, "_CLOSE_S", 0.2)
    database = Database(followed_url, metadata=Base.metadata, pool_size=1, **PATIENT)
    make_followed_app(database, TASKS)
    before = asyncio.all_tasks()
    await database.init_db()
    await database.tracking.feed.find(MINUTE_S)
    async with database.writing(single=True):
        database.tracking.log.tell_committed()
        await asyncio.sleep(0)  # it waits for the one connection
        pool = database.engine.pool
        assert len(asyncio.all_tasks() - before) > 1
        await database.close_db()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() <= before
        assert database.engine.pool is not pool
    await database.close_db()


async def test_places_wait_for_no_disk(
    followed_url: str, followed: Database, writer: httpx2.AsyncClient
) -> None:
    """Progress on changes need not survive a crash, after which they are processed again.

    So its commit waits for no disk. The lease of a worker must survive.
    """
    for n in range(3):
        await create(writer, title=str(n))
    connection = await asyncpg.connect(followed_url)
    async with aclosing(followed.changes("unhurried")) as changes:
        await anext(changes)
        await connection.execute(_NOTE_COMMITS)
        await anext(changes)
        await anext(changes)
    noted = await connection.fetch("SELECT trying, commits FROM noted_commits ORDER BY number")
    given = [commits for trying, commits in noted if trying is not None]
    assert given[:2] == ["off", "off"]
    assert noted[-1]["commits"] == "on"  # it was left
    await connection.close()


_NOTE_COMMITS = """
CREATE TABLE noted_commits (number bigserial, trying bigint, commits text);
CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO noted_commits (trying, commits)
  VALUES (NEW.trying, current_setting('synchronous_commit'));
  RETURN NULL;
END $$;
CREATE TRIGGER note_commit AFTER UPDATE ON modelwire_places
FOR EACH ROW EXECUTE FUNCTION note_commit();
"""
