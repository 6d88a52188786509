"""Statements on SQLite that are ended at any moment: the event loop waits for none of them."""

import asyncio
import json
import random
import sys

import pytest

from .conftest import Figure
from .servers import ROOT
from .stress_sqlite import PLANTS

SHORT_S = 8.0


async def run_stress(lasting_s: float, plant: str = "") -> tuple[int, str, str]:
    """Run the stress in a process of its own; returns its status and what it has written."""
    seed = random.randrange(10_000)
    arguments = [str(lasting_s), str(seed), *([plant] if plant else [])]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.stress_sqlite",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(lasting_s + 120):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode(), f"seed {seed}\n{errors.decode()}"


@pytest.mark.parametrize("lasting_s", [SHORT_S, pytest.param(600.0, marks=pytest.mark.long)])
async def test_the_event_loop_never_waits_for_a_statement(lasting_s: float, figure: Figure) -> None:
    """However statements are ended, by their limit, by clients that go away or by whoever has sent
    them, the event loop goes on, and every connection serves again."""
    status, output, errors = await run_stress(lasting_s)
    assert status == 0, errors
    found = json.loads(output)
    figure("answers", found["answers"])
    figure("longest that the event loop was held, seconds", found["longest_s"])
    assert found["answers"]["200"] > 20
    assert found["answers"]["cancelled"] > 10
    assert found["answers"]["500"] > 10
    assert "never retrieved" not in errors
    assert "destroyed" not in errors


@pytest.mark.long
@pytest.mark.parametrize("plant", PLANTS)
async def test_the_stress_finds_what_is_planted(plant: str) -> None:
    """In the time that it has in every run of the tests, the stress finds faults of this kind."""
    status, _, errors = await run_stress(SHORT_S, plant)
    assert status != 0
    assert "(most recent call first)" in errors  # the stacks that it writes when it stands still
