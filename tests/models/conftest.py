"""The models of each project on both databases, and a client of its rows on each lane."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import product
from types import ModuleType

import httpx2
import pytest
import pytest_asyncio

from modelwire import Database
from tests.conftest import PATIENT, MakeURL, empty_tables, open_client
from tests.lanes import DIALECTS, LANES
from tests.worlds import on_lanes

from .projects import PROJECTS
from .service import Service, store_rows

CASES = [*product(PROJECTS, DIALECTS)]
NAMES = [f"{project.__name__.rpartition('.')[2]}-{dialect}" for project, dialect in CASES]


@pytest_asyncio.fixture(scope="package", params=CASES, ids=NAMES)
async def world(
    request: pytest.FixtureRequest, make_url: MakeURL
) -> AsyncIterator[tuple[ModuleType, Database, dict[str, httpx2.AsyncClient]]]:
    """One project on one kind of database, with a client for each lane."""
    project, dialect = request.param
    database = Database(
        await make_url(dialect, "models"), metadata=project.Base.metadata, **PATIENT
    )
    await database.init_db()
    apps = on_lanes(project.RESOURCES)(database)
    async with AsyncExitStack() as stack:
        opened = {
            lane: await stack.enter_async_context(open_client(apps[lane]())) for lane in LANES
        }
        yield project, database, opened
    await database.close_db()


@pytest_asyncio.fixture
async def service(
    world: tuple[ModuleType, Database, dict[str, httpx2.AsyncClient]], lane: str
) -> Service:
    """A project's resources with their rows, on either lane."""
    project, database, clients = world
    await empty_tables(database)
    return await store_rows(clients[lane], project, database)
