"""Both databases with the tables of these tests, and a client of them on each lane."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx2
import pytest
import pytest_asyncio

from modelwire import Database
from tests.conftest import DIALECTS, LANES, create_postgres_database, make_app, open_client

from .tables import RESOURCES, Base


@dataclass(frozen=True)
class World:
    """One database, a client of its resources on each lane, and a tally of what was answered."""

    database: Database
    clients: dict[str, httpx2.AsyncClient]
    tally: Counter[tuple[str, str]] = field(default_factory=Counter)


@pytest_asyncio.fixture(scope="package", params=DIALECTS)
async def world(
    request: pytest.FixtureRequest, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """One kind of database with every table; the test runs once on each."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = await create_postgres_database(server, f"modelwire_writes_{worker_id}")
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('writes')}/writes.db"
    database = Database(url, metadata=Base.metadata)
    await database.init_db()
    async with AsyncExitStack() as stack:
        clients = {
            lane: await stack.enter_async_context(
                open_client(make_app(database, lane, RESOURCES, {}))
            )
            for lane in LANES
        }
        world = World(database, clients)
        yield world
    await database.close_db()
    if world.tally:
        check_tally(world.tally)


def check_tally(tally: Counter[tuple[str, str]]) -> None:
    """Check that no kind of step was refused each time, and how many of them were."""
    print(*sorted(tally.items()), sep="\n")  # noqa: T201 - shown by `pytest -s`, or on failure
    if tally.total() > 2000:
        kinds = {kind for kind, _ in tally}
        assert kinds == {kind for kind, code in tally if code == "done"}
    done = sum(count for (_, code), count in tally.items() if code == "done")
    assert 0.3 < done / tally.total() < 0.9
