"""Both databases with the tables of these tests, clients of them, and what is a proper refusal."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import httpx2
import pytest
import pytest_asyncio

from tests.conftest import empty_tables
from tests.examples import THOROUGH
from tests.lanes import DIALECTS
from tests.worlds import World, make_world_fixture, on_lanes

from .tables import RESOURCES, Base

V = TypeVar("V")
Share = Callable[..., Mapping[str, Any]]

JSON = {"content-type": "application/json"}


tables = make_world_fixture("hostile", Base.metadata, on_lanes(RESOURCES))


@pytest_asyncio.fixture
async def world(tables: World) -> World:
    """The same with empty tables."""
    await empty_tables(tables.database)
    return tables


@pytest.fixture
def client(world: World, lane: str) -> httpx2.AsyncClient:
    """A client on either lane."""
    return world.clients[lane]


@pytest.fixture
def share(world: World) -> Share:
    """The half of a corpus that one database tries; the other tries the rest.

    The half changes with the place, such as a field, so that each value is tried everywhere, if not
    in every place. All is tried if MODELWIRE_TEST_THOROUGH is set.
    """
    turn = DIALECTS.index(world.database.dialect)

    def choose(values: Mapping[str, V], place: int = 0) -> Mapping[str, V]:
        if THOROUGH:
            return values
        items = enumerate(values.items(), turn + place)
        return {name: value for i, (name, value) in items if i % 2 == 0}

    return choose


def fault_of(answer: httpx2.Response) -> str:
    """Return the fault of a response; empty for a success or a proper refusal."""
    if answer.is_success:
        return ""
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    if is_problem and 400 <= answer.status_code < 500 and answer.json()["detail"]:
        return ""
    return f"{answer.status_code} {answer.text[:200]}"


async def faults_of(client: httpx2.AsyncClient, urls: Iterable[str]) -> dict[str, str]:
    """Return the URLs without a success or a proper refusal, with their faults."""
    faults = {url[:120]: fault_of(await client.get(url)) for url in urls}
    return {url: fault for url, fault in faults.items() if fault}


async def assert_serves(client: httpx2.AsyncClient) -> None:
    """The application still does its work."""
    answer = await client.post("/words/", json={"code": "normal"})
    assert answer.status_code == 201, answer.text
    assert (await client.delete(answer.headers["location"])).status_code == 204
