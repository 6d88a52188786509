"""Random writes, many of which are refused, leave what a plain Python model says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import empty_tables
from tests.examples import examples
from tests.http.problems import pointers_of, read_problem
from tests.lanes import LANES

from .conftest import World
from .kinds import steps
from .run import Run

STEPS = 30


@pytest.mark.parametrize("lane", LANES)
@examples(500, quick=12)
@given(data=st.data())
async def test_random_writes(world: World, lane: str, data: st.DataObject) -> None:
    """Every answer is one that the model expects, and every row is as the model has it."""
    await empty_tables(world.database)
    run = Run(world.clients[lane], world.tally)
    for _ in range(STEPS):
        await run.take(data.draw(steps(run.state)))
    await run.compare()


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("names", [("b", "a"), ("b", "c"), ("c", "a")])
async def test_values_that_move(world: World, lane: str, names: tuple[str, str]) -> None:
    """Values that move from row to row do so all or none, as the database finds them free or not.

    A unique constraint that is not deferred is looked at row by row, in an order of its own.
    """
    await empty_tables(world.database)
    client = world.clients[lane]
    rows = (await client.post("/authors/bulk/", json=[{"name": "a"}, {"name": "b"}])).json()
    changed = [{**row, "name": name} for row, name in zip(rows, names, strict=True)]
    answer = await client.patch("/authors/bulk/", json=changed)
    stored = (await client.get("/authors/")).json()["items"]
    if answer.status_code == 200:
        assert stored == changed
    else:
        problem = read_problem(answer, 400, "already_exists")
        assert pointers_of(problem) in (["/0/name"], ["/1/name"])
        assert stored == rows
