"""The model of what more servers give: its formulas, against queues that are played through."""

import re
from pathlib import Path
from random import Random

import pytest

from benchmarks.queueing import Load, erlang_c, find_capacity, find_wait, simulate_waits, tables

PAGE = Path(__file__).parents[2] / "docs/scale.md"


@pytest.mark.parametrize(("servers", "busy"), [(1, 0.5), (4, 0.7), (8, 0.85)])
def test_formulas_say_what_a_simulation_shows(servers: int, busy: float) -> None:
    offered = servers * busy
    waits = sorted(simulate_waits(servers, offered, 150_000, Random(servers)))
    waited = sum(wait > 0 for wait in waits) / len(waits)
    assert waited == pytest.approx(erlang_c(servers, offered), rel=0.05)
    assert waits[int(0.95 * len(waits))] == pytest.approx(find_wait(servers, offered), rel=0.08)


def test_nobody_waits_where_nearly_nobody_is() -> None:
    assert find_wait(8, 0.5) == 0
    assert erlang_c(1, 0.3) == pytest.approx(0.3)  # one server is busy as often as someone comes


@pytest.mark.parametrize("writes", [0.01, 0.2, 0.5])
def test_no_server_of_the_model_does_more_than_it_can(writes: float) -> None:
    load = Load(writes)
    for copies in range(9):
        requests = find_capacity(load, copies)
        written = requests * writes * load.write_cost
        reads = requests * (1 - writes)
        busiest = written + (0 if copies else reads)
        if copies:
            busiest = max(busiest, reads / copies + written * load.replay)
        assert busiest == pytest.approx(load.cores)


def test_the_page_has_what_is_computed() -> None:
    shown = re.findall(r"<!-- \w+: start -->\n(.*?)\n<!--", PAGE.read_text(), re.DOTALL)
    assert shown == list(tables())
