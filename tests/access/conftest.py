"""What several modules here share."""

import pytest
import pytest_asyncio

from modelwire import Database

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
