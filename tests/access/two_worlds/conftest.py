"""Two worlds on each database: one with all rows, one with those that a caller may see."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.conftest import DIALECTS, create_postgres_database

from .served import Worlds, open_worlds
from .tables import Base


@pytest_asyncio.fixture(scope="package", params=DIALECTS)
async def worlds(
    request: pytest.FixtureRequest, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Worlds]:
    """Both worlds on one kind of database."""
    urls = []
    for name in ("full", "seen"):
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_server")
            urls.append(await create_postgres_database(server, f"modelwire_{name}_{worker_id}"))
        else:
            urls.append(f"sqlite:///{tmp_path_factory.mktemp(name)}/{name}.db")
    async with AsyncExitStack() as stack:
        yield await open_worlds(stack, urls, Base.metadata)
