"""Random batches, many of which are refused, leave what a plain Python model says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import empty_tables
from tests.examples import examples
from tests.lanes import LANES
from tests.writes.conftest import World
from tests.writes.kinds import steps

from .machine import BatchRun, batches

FIRST, TURNS = 6, 8
"""Single steps that come first, and batches."""

pytestmark = pytest.mark.both_lanes


@pytest.mark.parametrize("lane", LANES)
@examples(300, quick=6)
@given(data=st.data())
async def test_random_batches(world: World, lane: str, data: st.DataObject) -> None:
    """A batch does what its requests do one after another, or nothing at all.

    Requests refer to rows that those before them create. Refusals name the request, and the place
    in its body; the tables are compared whole after each batch.
    """
    await empty_tables(world.database)
    run = BatchRun(world.clients[lane], world.tally)
    for _ in range(FIRST):
        await run.take(data.draw(steps(run.state)))
    for _ in range(TURNS):
        await run.take_batch(data.draw(batches(run.state)))
        if data.draw(st.booleans()):
            await run.take(data.draw(steps(run.state)))
