"""Every constraint, in every way of writing, on every database and lane: one table."""

import httpx2
import pytest

from tests.http.problems import faults_of, read_problem

from .cases import ROWS, Refused
from .conftest import World
from .held import HELD, Held
from .ways import WAYS, can_change, count_all, store

REFUSALS = [
    pytest.param(case, way, id=f"{name}: {way}")
    for name, case in ROWS.items()
    for way in WAYS
    if can_change(case, way)
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
    is_trigger = case.detail.startswith("The database")
    status, code = (422, "refused") if is_trigger else (409, "still_referenced")
    document = read_problem(answer, status, code)
    assert document["detail"] == case.detail
    assert "errors" not in document
    assert await count_all(client) == before
