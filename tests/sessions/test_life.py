"""Start-up and shut-down."""

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import Column, Computed, Integer, MetaData, inspect, text
from sqlalchemy import Table as SQLTable
from sqlmodel import SQLModel, select

from examples.league import User
from modelwire import ConfigurationError, Database, RequestError, mount
from modelwire.errors import Contention
from tests.conftest import LEAGUE, create_postgres_database, open_client


def fresh(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'fresh.db'}")


async def test_lifespan_creates_tables(tmp_path: Path) -> None:
    """Tables are there once the application has started, and the pool is closed at the end."""
    database = fresh(tmp_path)
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, *LEAGUE)
    async with app.router.lifespan_context(app), open_client(app) as client:
        assert (await client.get("/users/")).json()["items"] == []
    assert database.engine.pool.checkedin() == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///file:shared?mode=memory&uri=true"])
async def test_requests_share_a_database_in_memory(url: str) -> None:
    """Reads and writes at the same time find the tables and rows of the one database."""
    database = Database(url, pool_size=8)
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, *LEAGUE)
    async with app.router.lifespan_context(app), open_client(app) as client:
        users = [{"username": f"u{n}", "email": f"u{n}@example.com"} for n in range(9)]
        async with asyncio.TaskGroup() as group:
            created = [group.create_task(client.post("/users/", json=user)) for user in users]
            read = [group.create_task(client.get("/users/")) for _ in users]
        assert {task.result().status_code for task in created} == {201}
        assert {task.result().status_code for task in read} == {200}
        assert len((await client.get("/users/")).json()["items"]) == len(users)


@pytest.mark.parametrize("size", [2, 8])
async def test_connections_to_a_file(tmp_path: Path, size: int) -> None:
    """As many transactions may read at the same time as the pool has connections."""
    database = Database(f"sqlite:///{tmp_path / 'fresh.db'}", pool_size=size, pool_timeout_s=0.2)
    await database.init_db()
    async with AsyncExitStack() as stack:
        for _ in range(size):
            session = await stack.enter_async_context(database.session())
            await session.exec(select(User))
        assert database.engine.pool.checkedout() == size  # type: ignore[attr-defined]
    await database.close_db()


async def test_lifespan_composes(tmp_path: Path) -> None:
    """A lifespan of the user's own may contain the database's."""
    database, order = fresh(tmp_path), []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        order.append("before")
        async with database.lifespan(app):
            yield
        order.append("after")

    app = FastAPI(lifespan=lifespan)
    mount(app, database, *LEAGUE)
    async with app.router.lifespan_context(app), open_client(app) as client:
        assert (await client.get("/users/")).status_code == 200
    assert order == ["before", "after"]


async def test_collector_spares_what_is_loaded(tmp_path: Path) -> None:
    """Objects loaded at the first start are hidden from the garbage collector; later ones stay."""
    database = fresh(tmp_path)
    app = FastAPI(lifespan=database.lifespan)
    gc.unfreeze()
    async with app.router.lifespan_context(app):
        spared = gc.get_freeze_count()
    assert spared > 10_000
    async with app.router.lifespan_context(app):
        assert gc.get_freeze_count() <= spared


async def test_tables_are_not_created_unasked(tmp_path: Path) -> None:
    """With `create_tables=False`, no tables are created."""
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}", create_tables=False)
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, *LEAGUE)
    async with app.router.lifespan_context(app), open_client(app) as client:
        answer = await client.get("/users/")
    assert (answer.status_code, answer.json()["code"]) == (500, "database_error")
    assert "users" not in answer.text


@pytest.mark.parametrize("creating", [True, False])
async def test_older_table_is_warned_of(
    database: Database, caplog: pytest.LogCaptureFixture, creating: bool
) -> None:
    """At start a table that lacks columns of its model is named, with the columns.

    So is one that requires values in columns which its model lacks, and one that is missing, unless
    it is created.
    """
    older, newer = MetaData(), MetaData()
    SQLTable("grown", older, _key(), *map(_count, ("c", "d")), *_unneeded())
    SQLTable("grown", newer, _key(), *map(_count, ("a", "b")))
    SQLTable("absent", newer, _count("c"))
    async with database.engine.begin() as connection:
        await connection.run_sync(older.create_all)
    url = database.url.render_as_string(hide_password=False)
    try:
        assert await _warnings_at_start(Database(url, metadata=older), caplog) == []
        started = Database(url, metadata=newer, create_tables=creating)
        *absent, lacking, requiring = await _warnings_at_start(started, caplog)
        there = "" if creating else "The database lacks tables of the models: absent. "
        assert "".join(absent)[: len(there) or None] == there
        assert lacking.startswith("The table grown lacks columns that its model has: a, b. ")
        expected = "The table grown requires values in columns that its model lacks: c, d. "
        assert requiring.startswith(expected)
    finally:
        async with database.engine.begin() as connection:
            await connection.run_sync(newer.drop_all)


def _key() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _unneeded() -> list[Column[int]]:
    """Make columns that a new row need not give."""
    return [
        Column("spare", Integer),
        Column("defaulted", Integer, nullable=False, server_default="1"),
        Column("doubled", Integer, Computed("c * 2"), nullable=False),
    ]


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


async def _warnings_at_start(database: Database, caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.clear()
    app = FastAPI(lifespan=database.lifespan)
    async with app.router.lifespan_context(app):
        return [record.getMessage() for record in caplog.records if record.name == "modelwire"]


async def test_processes_create_tables_together(postgres_server: str, worker_id: str) -> None:
    """Several processes that start at once create the tables once, without an error."""
    url = await create_postgres_database(postgres_server, f"modelwire_start_{worker_id}")
    databases = [Database(url) for _ in range(8)]
    await asyncio.gather(*(database.init_db() for database in databases))
    async with databases[0].engine.connect() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert set(SQLModel.metadata.tables) <= set(names)
    for database in databases:
        await database.close_db()


async def test_memory_database_is_one(tmp_path: Path) -> None:
    """A database in memory is the same for concurrent requests."""
    database = Database("sqlite://")
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, *LEAGUE)
    async with app.router.lifespan_context(app), open_client(app) as client:
        bodies = [{"name": f"Team {i}"} for i in range(20)]
        answers = await asyncio.gather(*(client.post("/teams/", json=body) for body in bodies))
        assert {answer.status_code for answer in answers} == {201}
        assert (await client.get("/teams/")).json()["total"] == 20


async def test_unreachable_database_at_start(tmp_path: Path) -> None:
    """An application whose database is away does not start."""
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    app = FastAPI(lifespan=database.lifespan)
    with pytest.raises(RequestError, match="not available"):
        async with app.router.lifespan_context(app):
            pass


async def test_sqlite_is_prepared(databases: dict[str, Database]) -> None:
    """SQLite runs in WAL mode, with foreign keys on."""
    async with databases["sqlite"].engine.connect() as connection:
        assert (await connection.execute(text("PRAGMA journal_mode"))).scalar() == "wal"
        assert (await connection.execute(text("PRAGMA foreign_keys"))).scalar() == 1
        wait_s = databases["sqlite"].settings.pool_timeout_s
        waits_ms = (await connection.execute(text("PRAGMA busy_timeout"))).scalar()
        assert waits_ms == wait_s * 1000


@contextmanager
def being_written(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A new file, which is not in WAL mode and in which another program is writing.

    SQLite does not wait for that program before it switches the mode, whatever the timeout.
    """
    with closing(sqlite3.connect(tmp_path / "fresh.db", isolation_level=None)) as other:
        other.execute("CREATE TABLE other (id)")
        other.execute("BEGIN IMMEDIATE")
        yield other


async def test_sqlite_is_prepared_once_others_have_written(tmp_path: Path) -> None:
    """Processes that start together on a new file wait for each other."""
    database = fresh(tmp_path)
    with being_written(tmp_path) as other:
        start = asyncio.create_task(database.init_db())
        await asyncio.wait([start], timeout=0.3)
        assert not start.done()
        other.execute("COMMIT")
        await start
    async with database.engine.connect() as connection:
        assert (await connection.execute(text("PRAGMA journal_mode"))).scalar() == "wal"
    await database.close_db()


async def test_sqlite_is_not_waited_for_longer_than_is_set(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'fresh.db'}", pool_timeout_s=0.2)
    with being_written(tmp_path), pytest.raises(Contention):
        await database.init_db()
    await database.close_db()


async def test_postgresql_is_prepared(databases: dict[str, Database]) -> None:
    """PostgreSQL runs in UTC, with a statement timeout."""
    async with databases["postgresql"].engine.connect() as connection:
        assert (await connection.execute(text("SHOW TimeZone"))).scalar() == "UTC"
        assert (await connection.execute(text("SHOW statement_timeout"))).scalar() == "1min"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "mysql://root@localhost/db",
            r"starts with mysql://; it can be sqlite:// or postgresql://",
        ),
        ("nonsense", r"should look like sqlite:///file\.db"),
        ("postgresql://user:hunter2@host:port/db", r"should look like"),
    ],
)
def test_bad_urls(url: str, message: str) -> None:
    """A URL that can't be used is refused with what would be right, and without its password."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        Database(url)
    assert "hunter2" not in str(caught.value)


def test_bad_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that can't be used is named as it stands in the environment."""
    monkeypatch.setenv("MODELWIRE_POOL_SIZE", "many")
    with pytest.raises(ConfigurationError, match="MODELWIRE_POOL_SIZE"):
        Database()


def test_password_is_not_shown() -> None:
    """A database does not show its password when it is printed."""
    assert "hunter2" not in repr(Database("postgresql://ann:hunter2@localhost/db"))
