"""The page of the benchmark's figures: written from a run, never by hand."""

from typing import Any

import pytest

from benchmarks.publish import END, PAGE, START, put_figures
from benchmarks.samples import Sample, build_cells
from benchmarks.targets import check_targets

PAGE_BEFORE = f"# Figures\n\n{START}\nold figures\n{END}\n\nWhat follows.\n"


def cell(work: str, contender: str, cpu_us: float, **values: Any) -> dict[str, Any]:
    """One cell as a run's JSON has it."""
    return {
        "database": "postgresql",
        "users": 10_000,
        "work": work,
        "contender": contender,
        "server_cpu_us": cpu_us,
        "database_cpu_us": 50.0,
        "p50_ms": 5.0,
        "p99_ms": 9.0,
        "memory_mb": 90.0,
        "idle_memory_mb": 85.0,
        "to_limit": cpu_us / 100,
        "by_hand": 1000 / cpu_us,
        **values,
    }


def run_of(*cells: dict[str, Any]) -> dict[str, Any]:
    """A run with some cells."""
    return {
        "date": "2026-11-24",
        "python": "3.11.7",
        "system": "Linux x86_64, 2 CPUs",
        "databases": ["PostgreSQL 18.6"],
        "versions": {"fastapi": "0.165.0"},
        "options": {"rounds": 3, "duration_s": 2, "warm_up_s": 1},
        "cells": list(cells),
        "samples": [*cells[:1], *cells, *cells],
    }


GET = cell("get", "limit", 100), cell("get", "modelwire", 180), cell("get", "by_hand", 1000)


def test_figures_of_a_run_replace_those_before() -> None:
    """Only what stands between the marks is replaced."""
    page = put_figures(PAGE_BEFORE, run_of(*GET))
    assert page.startswith(f"# Figures\n\n{START}\nMeasured on 2026-11-24")
    assert "2 to 3 rounds of 2 s" in page
    assert page.endswith(f"\n{END}\n\nWhat follows.\n")
    assert "old figures" not in page
    assert "| get by key | 100 | – | – | 180 | 1,000 | – | – | – | – | 1.80 × | 5.6 × |" in page


def test_a_page_is_replaced_again() -> None:
    """A later run replaces the figures of an earlier one."""
    page = put_figures(put_figures(PAGE_BEFORE, run_of(cell("team", "limit", 77))), run_of(*GET))
    assert page == put_figures(PAGE_BEFORE, run_of(*GET))


def test_the_page_has_a_place_for_figures() -> None:
    """The page that is published has the marks, once each and in order."""
    page = PAGE.read_text(encoding="utf-8")
    assert page.count(START) == page.count(END) == 1
    assert page.index(START) < page.index(END)


def outcomes(*cells: dict[str, Any]) -> dict[str, bool]:
    """Return the targets, with whether each is met."""
    return {outcome.aim: outcome.is_met for outcome in check_targets(cells)}


def test_aims_are_met_or_missed() -> None:
    """A ratio beyond what it should be at most is a miss."""
    aim = "PostgreSQL, page of 100 with total: at most 1.1 × the limit"
    assert outcomes(cell("page_100", "modelwire", 110))[aim]
    assert not outcomes(cell("page_100", "modelwire", 111))[aim]


@pytest.mark.parametrize(
    ("other", "aim"),
    [
        ("fastify", "PostgreSQL, get by key: at most 1 × Fastify + postgres.js"),
        ("limit_gathered", "PostgreSQL, get by key: at most 2.2 × limit, gathered"),
    ],
)
def test_more_than_others_take_is_a_miss(other: str, aim: str) -> None:
    """The CPU of other contenders is the baseline, whatever the limit takes."""
    assert outcomes(cell("get", other, 180), GET[1])[aim]
    assert not outcomes(cell("get", other, 80), GET[1])[aim]
    assert aim not in outcomes(*GET)


def test_the_work_of_the_database_is_compared() -> None:
    """A target is missed if the database does more than half of its work for the limit."""
    aim = "PostgreSQL, get by key: at most 0.5 × the database's CPU for the limit"
    assert not outcomes(*GET)[aim]
    assert outcomes(GET[0], cell("get", "modelwire", 180, database_cpu_us=25.0))[aim]


def test_a_long_tail_is_a_miss() -> None:
    """One work whose slowest requests take too long is a miss, unless it has one connection."""
    aim = "p99 at most 5 × p50, with 32 connections"
    assert outcomes(*GET)[aim]
    assert not outcomes(*GET, cell("team", "modelwire", 1, p99_ms=26.0))[aim]
    assert outcomes(*GET, cell("stream", "modelwire", 1, p99_ms=26.0))[aim]


def test_a_tail_in_a_crowd_is_a_miss() -> None:
    """With many connections the slowest requests may take three times as long as the others."""
    aim = "PostgreSQL, p99 at most 3 × p50, with 256 connections"
    assert outcomes(cell("get_256", "modelwire", 1, p99_ms=15.0))[aim]
    assert not outcomes(cell("get_256", "modelwire", 1, p99_ms=15.1))[aim]


def test_more_cpu_than_by_hand_is_a_miss() -> None:
    """The database's CPU counts as well."""
    aim = "CPU with the database's own: never above by hand's"
    assert outcomes(*GET)[aim]
    assert not outcomes(GET[2], cell("get", "modelwire", 180, database_cpu_us=900.0))[aim]


def test_a_deep_page_that_costs_more_is_a_miss() -> None:
    """In a large table, a page half way that costs a third more than the first one is a miss."""
    aim = "PostgreSQL, 1,000,000 users, by cursor: half way costs what the start does, within 20 %"
    large = {"users": 1_000_000}
    first = cell("cursor_first", "modelwire", 300, **large)
    assert outcomes(first, cell("cursor_deep", "modelwire", 320, **large))[aim]
    assert not outcomes(first, cell("cursor_deep", "modelwire", 420, **large))[aim]
    small = outcomes(cell("cursor_first", "modelwire", 1), cell("cursor_deep", "modelwire", 9))
    assert not any("by cursor: half way" in aim for aim in small)


def sample(contender: str, cpu_us: float) -> Sample:
    """Return the cost of getting a row for one contender in one round."""
    return Sample("postgresql", 10_000, contender, "get", cpu_us, 50, 1000, 1000, 5, 9, 90, 85)


def test_contenders_are_compared_round_by_round() -> None:
    """A round in which the machine was slow for all changes no ratio, and one more of a contender
    that the other had not is not compared."""
    limit, own, by_hand = (50, 90, 50), (100, 180, 110, 999), (1000, 1800)
    samples = [
        *(sample("limit", cpu_us) for cpu_us in limit),
        *(sample("modelwire", cpu_us) for cpu_us in own),
        *(sample("by_hand", cpu_us) for cpu_us in by_hand),
    ]
    cells = {cell.sample.contender: cell for cell in build_cells(samples)}
    assert cells["modelwire"].to_limit == 2
    assert cells["modelwire"].by_hand == 10
    assert cells["modelwire"].sample.server_cpu_us == 145
    assert cells["limit"].by_hand == 20


def test_without_the_limit_nothing_is_compared_with_it() -> None:
    """A value that was not measured is no figure."""
    (cell,) = build_cells([sample("modelwire", 100)])
    assert cell.to_limit is None
    assert cell.by_hand is None
