"""Real faults: proxies, servers that are stopped, full disks."""

from collections.abc import AsyncIterator

import pytest_asyncio

from modelwire import Database
from tests.conftest import empty_tables

from .proxy import Proxy, open_proxy


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
