"""Applications that agents work in."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from modelwire import Resource
from tests.access.two_worlds.served import Worlds, open_worlds
from tests.access.two_worlds.tables import Base
from tests.conftest import DIALECTS, LEAGUE, MakeApp, create_postgres_database

from .agents import Agent

MakeAgent = Callable[..., Agent]


@pytest.fixture
def make_agent(share_app: MakeApp) -> MakeAgent:
    """Make an agent of some resources, or of the league."""

    def make(*resources: Resource, **options: Any) -> Agent:
        return Agent(share_app(*(resources or LEAGUE), mcp=True), **options)

    return make


@pytest.fixture
def agent(make_agent: MakeAgent) -> Agent:
    """An agent of the league, on both databases."""
    return make_agent()


@pytest_asyncio.fixture(scope="package", params=DIALECTS)
async def worlds(
    request: pytest.FixtureRequest, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Worlds]:
    """Two worlds on one kind of database: with all rows, and with those that a caller may see."""
    urls = []
    for name in ("agents_full", "agents_seen"):
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_server")
            urls.append(await create_postgres_database(server, f"modelwire_{name}_{worker_id}"))
        else:
            urls.append(f"sqlite:///{tmp_path_factory.mktemp(name)}/{name}.db")
    async with AsyncExitStack() as stack:
        yield await open_worlds(stack, urls, Base.metadata, mcp=True)
