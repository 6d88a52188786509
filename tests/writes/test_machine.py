"""Random writes, many of which are refused, leave what a plain Python model says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import LANES, empty_tables
from tests.examples import examples

from .conftest import World
from .run import Run
from .steps import steps

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
