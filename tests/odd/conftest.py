"""Both databases with the odd tables and their rows, and a client of them on each lane."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx2
import pytest
import pytest_asyncio

from modelwire import Database
from tests.conftest import DIALECTS, LANES, create_postgres_database, make_app, open_client

from .rows import ROWS
from .tables import RESOURCES, Base

Clients = dict[str, httpx2.AsyncClient]


@pytest_asyncio.fixture(scope="package", params=DIALECTS)
async def clients(
    request: pytest.FixtureRequest, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Clients]:
    """A client on each lane of one kind of database, whose rows no test changes."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = await create_postgres_database(server, f"modelwire_odd_{worker_id}")
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('odd')}/odd.db"
    database = Database(url, metadata=Base.metadata)
    await database.init_db()
    async with database.session() as session:
        for rows in ROWS:
            session.add_all([type(row)(**row.model_dump()) for row in rows])
            await session.flush()
        await session.commit()
    async with AsyncExitStack() as stack:
        yield {
            lane: await stack.enter_async_context(
                open_client(make_app(database, lane, RESOURCES, {}))
            )
            for lane in LANES
        }
    await database.close_db()


@pytest.fixture
def client(clients: Clients, lane: str) -> httpx2.AsyncClient:
    """A client on either lane."""
    return clients[lane]
