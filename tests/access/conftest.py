"""Fixtures that several modules of this folder share."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from modelwire import Database, Resource
from tests.conftest import MakeClient, make_app, open_client

from .own_app import Own

Known = dict[tuple[str, str], Own]


@pytest.fixture(scope="module")
def known_owns() -> Known:
    """The applications of a module, by database and lane: making one takes longer than most tests
    do."""
    return {}


@pytest.fixture(scope="module")
def add_endpoints() -> Callable[[FastAPI], None]:
    """Adds the endpoints that the tests of a module need; none, unless the module has its own."""
    return lambda _: None


@pytest_asyncio.fixture
async def own(
    database: Database,
    lane: str,
    known_owns: Known,
    add_endpoints: Callable[[FastAPI], None],
) -> Own:
    """An application with the rows of two organisations, which the tests of a module share."""
    made = known_owns.get((database.dialect, lane))
    if made is None:
        made = known_owns[database.dialect, lane] = Own(database, lane)
        add_endpoints(made.app)
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
