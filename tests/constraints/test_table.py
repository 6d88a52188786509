"""Every constraint, in every way of writing, on every database and lane: one table."""

import httpx2
import pytest

from tests.http.problems import faults_of, read_problem
from tests.worlds import World

from .cases import ROWS, VALID, Refused
from .held import HELD, Held
from .ways import WAYS, can_refuse, count_all, store

REFUSALS = [
    pytest.param(case, way, id=f"{name}: {way}")
    for name, case in ROWS.items()
    for way in WAYS
    if can_refuse(case, way)
]


@pytest.mark.parametrize(("case", "way"), REFUSALS)
async def test_refused_row(
    world: World, client: httpx2.AsyncClient, case: Refused, way: str
) -> None:
    """A constraint refuses a row alike however it is written, and names its fields."""
    if world.dialect not in case.dialects:
        pytest.skip(f"{world.dialect} has no such constraint")
    for path, row in case.stored:
        await store(client, path, row)
    answer, place = await WAYS[way](client, case)
    document = read_problem(answer, case.status, case.code)
    assert document["detail"] == case.detail
    assert faults_of({"errors": [], **document}) == case.faults_at(place)
    assert "secret" not in answer.text


@pytest.mark.parametrize("name", [n for n, h in HELD.items() if h.change is None and h.detail])
async def test_held_row_of_many(client: httpx2.AsyncClient, name: str) -> None:
    """Of many rows that are deleted, the one that others refer to is named, and all stay."""
    case: Held = HELD[name]
    for path, row in case.stored:
        await store(client, path, row)
    path, _, key = case.url.partition("/")
    other = (await store(client, path, VALID[path](9))).rpartition("/")[2]
    before = await count_all(client)
    keys = [int(k) if k.isdigit() else k for k in (other, key)]
    answer = await client.request("DELETE", f"/{path}/bulk/", json=keys)
    document = read_problem(answer, case.status, case.code)
    assert (document["detail"], faults_of(document)) == (case.detail, [("/1", case.code)])
    assert await count_all(client) == before


@pytest.mark.parametrize("name", HELD)
async def test_held_row(world: World, client: httpx2.AsyncClient, name: str) -> None:
    """A row that others refer to stays, and the answer says which they are; or it goes."""
    case: Held = HELD[name]
    for path, row in case.stored:
        await store(client, path, row)
    before = await count_all(client)
    method = "DELETE" if case.change is None else "PATCH"
    answer = await client.request(method, f"/{case.url}", json=case.change)
    if not case.detail:
        assert answer.status_code == (204 if case.change is None else 200), answer.text
        return
    document = read_problem(answer, case.status, case.code)
    assert document["detail"] == case.detail
    assert "errors" not in document
    assert await count_all(client) == before
