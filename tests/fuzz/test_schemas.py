"""Whatever models a user writes are served alike on both databases and lanes, as documented."""

import os
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.conftest import MakeURL
from tests.examples import THOROUGH
from tests.query.conftest import BY_CODE_POINTS

from .driver import Driver
from .schemas import draw_schema
from .worlds import Different, open_world

STEPS = 50 if THOROUGH else 25
"""Requests about one schema, besides those that read what is there."""


def draw_seeds() -> list[object]:
    """The same few seeds in each run; if thorough, new ones, or the one that is named."""
    if named := os.environ.get("MODELWIRE_TEST_FUZZ_SEED"):
        return [named]
    if not THOROUGH:
        return [1, 2, 3]
    draw = Random()
    return [draw.randrange(10**9) for _ in range(20 * THOROUGH)]


@pytest.mark.filterwarnings("ignore")  # of Pydantic and SQLAlchemy about the models
@pytest.mark.parametrize("seed", draw_seeds(), ids=str)
async def test_schema(seed: object, make_url: MakeURL, tmp_path: Path) -> None:
    """Requests of every kind are answered as the models and the document have it, never by a 5xx.

    A failure tells the module of models and the last requests; `MODELWIRE_TEST_FUZZ_SEED` repeats
    it.
    """
    schema = draw_schema(seed)
    urls = [await make_url("postgresql", f"fuzz_{i}", BY_CODE_POINTS) for i in range(2)]
    async with open_world(schema, urls, tmp_path) as world:
        try:
            await Driver(world, Random(f"requests {seed}"), Counter()).run(STEPS)
        except Different as exc:
            exc.add_note(f"seed: {seed}\n{schema.source}\n" + "\n".join(world.sent[-12:]))
            raise
