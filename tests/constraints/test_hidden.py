"""Names that clients may not see appear nowhere: hidden fields, tables that are not served."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from modelwire import Resource
from tests.conftest import make_app, open_client
from tests.http.problems import faults_of, read_problem
from tests.worlds import World

from .cases import ROWS, Refused
from .held import HELD, Held
from .tables import RESOURCES
from .ways import CATALOG, WAYS, can_refuse, key_of, store

MakeClient = Callable[..., Any]
PATHS = {table.model: table.path for table in CATALOG.tables.values()}
CODES = ("already_exists", "check", "parent_not_found")
"""Codes of refusals that only a database makes."""

HIDDEN = [
    pytest.param(case, way, id=f"{name}: {way}")
    for name, case in ROWS.items()
    for way in WAYS
    if case.code in CODES
    and case.fields
    and not set(case.fields) & set(key_of(case.path))
    and "upsert" not in way
    and can_refuse(case, way)
]
ALONE = [
    pytest.param(case, id=name)
    for name, case in ROWS.items()
    if case.code == "parent_not_found" and "self" not in name
]
REFERRED = [
    pytest.param(case, id=name)
    for name, case in HELD.items()
    if " by " in case.detail and not case.url.startswith(case.detail.partition(" by ")[2])
]


def hide(resource: Resource) -> Resource:
    """The same resource with all of its fields hidden but the key."""
    table = next(t for t in CATALOG.tables.values() if t.model is resource.model)
    names = [field.name for field in table.fields if not field.primary_key]
    return replace(resource, hidden=names)


ALL_HIDDEN = tuple(map(hide, RESOURCES))


@pytest_asyncio.fixture
async def serve(world: World, lane: str) -> AsyncIterator[MakeClient]:
    """Make a client of some of the resources."""
    async with AsyncExitStack() as stack:

        async def make(*resources: Resource) -> httpx2.AsyncClient:
            app = make_app(world.database, lane, resources, {})
            return await stack.enter_async_context(open_client(app))

        yield make


@pytest_asyncio.fixture(scope="module")
async def hidden(tables: World) -> AsyncIterator[dict[str, httpx2.AsyncClient]]:
    """Clients of the resources with their fields hidden, by lanes."""
    async with AsyncExitStack() as stack:
        yield {
            lane: await stack.enter_async_context(
                open_client(make_app(tables.database, lane, ALL_HIDDEN, {}))
            )
            for lane in ("direct", "session")
        }


@pytest.mark.parametrize(("case", "way"), HIDDEN)
async def test_hidden_fields(
    world: World,
    client: httpx2.AsyncClient,
    hidden: dict[str, httpx2.AsyncClient],
    lane: str,
    case: Refused,
    way: str,
) -> None:
    """A constraint of a hidden field refuses the row as any does, and does not say of what."""
    if world.dialect not in case.dialects:
        pytest.skip(f"{world.dialect} has no such constraint")
    for path, row in case.stored:
        await store(client, path, row)
    answer, place = await WAYS[way](hidden[lane], case)
    document = read_problem(answer, case.status, case.code)
    assert faults_of(document) == [(place, case.code)]
    title = next(t.title for t in CATALOG.tables.values() if t.path == f"/{case.path}")
    told = {
        "already_exists": f"{title} already exists",
        "check": "A check refuses the row",
        "parent_not_found": "A row that this one refers to was not found",
    }
    expected = "Conflicts with another row" if "conflict" in case.detail else told[case.code]
    assert (document["detail"], document["errors"][0]["message"]) == (expected, expected)


@pytest.mark.parametrize("case", ALONE)
async def test_parent_that_is_not_served(
    world: World, client: httpx2.AsyncClient, serve: MakeClient, case: Refused
) -> None:
    """A missing parent of a table that is not served is not named, but the field is."""
    for path, row in case.stored:
        await store(client, path, row)
    own = next(r for r in RESOURCES if PATHS[r.model] == f"/{case.path}")
    answer, place = await WAYS["POST"](await serve(own), case)
    document = read_problem(answer, case.status, case.code)
    assert document["detail"] == "A row that this one refers to was not found"
    assert faults_of(document) == case.faults_at(place)


@pytest.mark.parametrize("case", REFERRED)
async def test_referrer_that_is_not_served(
    world: World, client: httpx2.AsyncClient, serve: MakeClient, case: Held
) -> None:
    """A row that others refer to stays, but tables that are not served are not named."""
    for path, row in case.stored:
        await store(client, path, row)
    path = case.url.partition("/")[0]
    own = next(r for r in RESOURCES if PATHS[r.model] == f"/{path}")
    method = "DELETE" if case.change is None else "PATCH"
    answer = await (await serve(own)).request(method, f"/{case.url}", json=case.change)
    document = read_problem(answer, case.status, case.code)
    assert document["detail"] == case.detail.partition(" by ")[0]
