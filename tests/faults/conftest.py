"""Real faults: proxies, servers that are stopped, full disks."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio

from modelwire import Database
from tests.conftest import empty_tables

from .proxy import Proxy, open_proxy
from .servers import Postgres, own_postgres

Figure = Callable[[str, object], None]
OpenDatabase = Callable[..., Database]


@pytest_asyncio.fixture
async def open_database(databases: dict[str, Database]) -> AsyncIterator[OpenDatabase]:
    """Open a database of a test's own, with settings of its own, on empty tables."""
    opened = []
    for database in databases.values():
        await empty_tables(database)

    def open_it(dialect: str, **settings: Any) -> Database:
        url = databases[dialect].settings.database_url.get_secret_value()
        opened.append(Database(url, **settings))
        return opened[-1]

    yield open_it
    for database in opened:
        await database.close_db()


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Note a figure that was measured; all are printed at the end."""

    def note(name: str, value: object) -> None:
        record_property(name, f"{value:.3g}" if isinstance(value, float) else value)

    return note


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the figures."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                test = report.nodeid.rpartition("/")[2]
                terminalreporter.write_line(f"{test}: {name} = {value}")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server that the tests of a module may do to as they like."""
    with own_postgres() as server:
        yield server


@pytest_asyncio.fixture
async def proxy(databases: dict[str, Database], postgres_url: str) -> AsyncIterator[Proxy]:
    """A proxy in front of PostgreSQL, whose tables are empty."""
    await empty_tables(databases["postgresql"])
    async with open_proxy(postgres_url) as made:
        yield made


@pytest_asyncio.fixture
async def behind(proxy: Proxy) -> AsyncIterator[Database]:
    """The database by way of the proxy."""
    database = Database(proxy.url, pool_size=5, pool_timeout_s=2, statement_timeout_s=2)
    yield database
    await database.close_db()
