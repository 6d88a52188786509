"""Fixtures that several modules of this folder share."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from modelwire import Database, Resource
from tests.conftest import MakeClient, make_app, open_client

from .own_app import Own

Known = dict[tuple[str, str], Own]


@pytest.fixture(scope="module")
def known_owns() -> Known:
    """The applications of a module, by database and lane: making one takes longer than most tests
    do."""
    return {}


@pytest_asyncio.fixture
async def own(database: Database, lane: str, known_owns: Known) -> Own:
    """An application with the rows of two organisations, which the tests of a module share."""
    made = known_owns.get((database.dialect, lane)) or Own(database, lane)
    known_owns[database.dialect, lane] = made
    await made.fill()
    return made


@pytest_asyncio.fixture
async def make_own_client(database: Database, lane: str) -> AsyncIterator[MakeClient]:
    """Make a client of an application of its own: expressions can't be compared."""
    async with AsyncExitStack() as stack:

        async def make(*resources: Resource, **options: Any) -> httpx2.AsyncClient:
            app = make_app(database, lane, resources, options)
            return await stack.enter_async_context(open_client(app))

        yield make
