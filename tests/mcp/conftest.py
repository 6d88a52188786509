"""Applications that agents work in."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from modelwire import Resource
from tests.access.two_worlds.served import Worlds, open_worlds
from tests.access.two_worlds.tables import Base
from tests.conftest import LEAGUE, MakeApp, MakeURL
from tests.lanes import DIALECTS

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
async def worlds(request: pytest.FixtureRequest, make_url: MakeURL) -> AsyncIterator[Worlds]:
    """Two worlds on one kind of database: with all rows, and with those that a caller may see."""
    urls = [await make_url(request.param, name) for name in ("agents_full", "agents_seen")]
    async with AsyncExitStack() as stack:
        yield await open_worlds(stack, urls, Base.metadata, mcp=True)
