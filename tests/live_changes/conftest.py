"""A database of these tests' own, with nothing in its log."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from modelwire import Database, Resource, mount
from tests.conftest import PATIENT, MakeURL, open_client, use_sessions
from tests.lanes import DIALECTS

from .tables import PAIRS, POLICED, TASKS, Base, me


@pytest_asyncio.fixture(params=DIALECTS)
async def followed_url(request: pytest.FixtureRequest, make_url: MakeURL) -> str:
    """The URL of a database of each kind."""
    return await make_url(request.param, "followed")


@pytest_asyncio.fixture
async def followed(followed_url: str) -> AsyncIterator[Database]:
    """The database, with its tables."""
    database = Database(followed_url, metadata=Base.metadata, **PATIENT)
    await database.init_db()
    yield database
    await database.close_db()


def make_followed_app(database: Database, *resources: Resource) -> FastAPI:
    app = FastAPI()
    mount(app, database, *resources)
    return app


@pytest.fixture
def followed_app(followed: Database, lane: str) -> FastAPI:
    """An application that everybody may use."""
    app = make_followed_app(followed, TASKS, PAIRS)
    if lane == "session":
        use_sessions(app, followed)
    return app


@pytest.fixture
def policed_app(followed: Database) -> FastAPI:
    """One on the same database whose callers see some rows."""
    app = FastAPI()
    mount(app, followed, POLICED, caller=me)
    return app


@pytest_asyncio.fixture
async def writer(followed_app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """The client that writes."""
    async with open_client(followed_app) as client:
        yield client


@pytest_asyncio.fixture
async def member(policed_app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that is a member of team 1."""
    async with open_client(policed_app) as client:
        client.headers |= {"X-Team": "1", "X-Sees-Cost": "false"}
        yield client
