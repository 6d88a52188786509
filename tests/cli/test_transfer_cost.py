"""Memory of the transfer of many rows through files: as much as of a few."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import MakeURL

ROWS = 100_000
KEPT_MIB = 12
"""Allowed growth of memory. All of these rows as bytes alone would be twice as much."""


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], scope="module"
)
async def costs(request: pytest.FixtureRequest, make_url: MakeURL) -> dict[str, Any]:
    """The costs of each way of transfer, by the benchmark."""
    url = await make_url(request.param, "transfer_cost")
    options = ["--rows", str(ROWS), "--formats", "jsonl", "csv", "--url", url]
    command = [sys.executable, "-m", "benchmarks.transferring", *options]
    # It fails where the CPU is over a limit, which is no matter beside other tests.
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=250)
    costs = {cost["way"]: cost for cost in map(json.loads, done.stdout.splitlines())}
    assert len(costs) == 6, done.stderr
    return costs


@pytest.mark.parametrize(
    ("way", "plain"),
    [
        ("import jsonl", "requests"),
        ("import csv", "requests"),
        ("export jsonl", "stream"),
        ("export csv", "stream"),
    ],
)
async def test_many_rows_take_no_memory(costs: dict[str, Any], way: str, plain: str) -> None:
    """A file is never held in memory: requests and streams alone take as much."""
    assert costs[way]["memory_mib"] - costs[plain]["memory_mib"] < KEPT_MIB
