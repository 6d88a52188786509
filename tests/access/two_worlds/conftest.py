"""Two worlds on each database: one with all rows, one with those that a caller may see."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.conftest import MakeURL
from tests.lanes import DIALECTS

from .served import Worlds, open_worlds
from .tables import Base


@pytest_asyncio.fixture(scope="package", params=DIALECTS)
async def worlds(request: pytest.FixtureRequest, make_url: MakeURL) -> AsyncIterator[Worlds]:
    """Both worlds on one kind of database."""
    urls = [await make_url(request.param, name) for name in ("full", "seen")]
    async with AsyncExitStack() as stack:
        yield await open_worlds(stack, urls, Base.metadata)
