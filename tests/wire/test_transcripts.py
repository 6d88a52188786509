"""What a client sends, what its database is sent, and what the client gets: as the texts say."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import sqlalchemy
from packaging.version import Version

from tests.conftest import MakeURL
from tests.lanes import DIALECTS

from .transcripts import FOLDER, Group, read
from .world import World, open_world

GROUPS = [
    pytest.param(group, id=f"{path.stem}: {group.title}")
    for path in sorted(FOLDER.glob("*.txt"))
    for group in read(path)
]


@pytest_asyncio.fixture(scope="module", params=DIALECTS)
async def world(request: pytest.FixtureRequest, make_url: MakeURL) -> AsyncIterator[World]:
    """A database, and the applications on it."""
    async with open_world(request.param, await make_url(request.param, "wire")) as made:
        yield made


@pytest.mark.parametrize("group", GROUPS)
async def test_a_group(world: World, group: Group) -> None:
    """Each request becomes the statements that are told, and this response."""
    if Version(sqlalchemy.__version__) < Version(group.since):
        pytest.skip(f"statements of the ORM are told as those of SQLAlchemy {group.since}")
    found = await world.run(group)
    for exchange, told in zip(group.exchanges, found, strict=True):
        assert told == exchange.told_on(world.dialect), exchange.request
