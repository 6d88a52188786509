"""Random sums of what is computed, against plain Python, with and without policies."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.lanes import LANES

from .conftest import World
from .plain import Reader, Row, compute, draw_rows

ASKED = 8
"""Sums over one set of rows."""

GROUPS = ("units", "gross", "customer_name", "label", "customer_id")
MEASURED: Mapping[str, Sequence[str]] = {
    "gross": ("count", "count_distinct", "sum", "avg", "min", "max"),
    "units": ("count", "count_distinct", "sum", "avg", "min", "max"),
    "siblings": ("sum", "max"),
    "customer_name": ("count", "count_distinct", "min", "max"),
    "label": ("min", "count"),
}


def value_of(row: Row, name: str) -> Any:
    return Decimal(row[name]) if name == "gross" else row[name]


def mean(values: Sequence[Any]) -> Any:
    exact = Fraction(sum(values)) / len(values)
    if not isinstance(values[0], Decimal):
        return float(exact)
    return f"{Decimal(round(exact * 10**8)).scaleb(-8):.8f}"


def write(value: Any) -> Any:
    return f"{value:.2f}" if isinstance(value, Decimal) else value


TELL: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "count": len,
    "count_distinct": lambda values: len(set(values)),
    "sum": lambda values: write(sum(values)) if values else None,
    "avg": lambda values: mean(values) if values else None,
    "min": lambda values: write(min(values)) if values else None,
    "max": lambda values: write(max(values)) if values else None,
}


def add_up(rows: Sequence[Row], groups: Sequence[str], measures: Sequence[str]) -> list[Row]:
    """The items that sums of some rows have, in no order."""
    members: dict[tuple[Any, ...], list[Row]] = {} if groups else {(): []}
    for row in rows:
        members.setdefault(tuple(row[name] for name in groups), []).append(row)
    return [
        {**dict(zip(groups, key, strict=True)), **{m: tell(m, found) for m in measures}}
        for key, found in members.items()
    ]


def tell(measure: str, rows: Sequence[Row]) -> Any:
    name, _, function = measure.partition(":")
    values = [value_of(row, name) for row in rows if row[name] is not None]
    return TELL[function](values)


def in_order(items: Sequence[Row]) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True) for item in items)


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("is_guarded", [False, True], ids=["open", "guarded"])
@examples(60, quick=3)
@given(seed=st.integers(0, 2**32))
async def test_sums(world: World, lane: str, seed: int, *, is_guarded: bool) -> None:
    """Groups and measures are those of the rows that a list shows, through relations too."""
    draw = Random(seed)
    rows = draw_rows(draw)
    await world.fill(rows)
    reader = Reader(draw.randint(1, 9), draw.sample((1, 2, 3), 2)) if is_guarded else Reader()
    client = world.clients[f"guarded {lane}" if is_guarded else lane]
    client.headers["x-reader"] = json.dumps({**reader._asdict(), "id": f"{seed}"})
    invoices = compute(rows, reader)
    by_id = {row["id"]: row for row in invoices}
    absent = dict.fromkeys(MEASURED) | dict.fromkeys(GROUPS)
    seen = [line for line in rows["lines"] if reader.sees_line(line)]
    lines = [by_id.get(line["invoice_id"], absent) for line in seen]
    for _ in range(ASKED):
        groups = draw.sample(GROUPS, draw.randint(0, 2))
        chosen = [(n, f) for n, functions in MEASURED.items() for f in functions]
        measures = [f"{n}:{f}" for n, f in draw.sample(chosen, draw.randint(1, 4))]
        asked = {"group": ",".join(groups), "measures": ",".join(measures), "limit": "100"}
        own = await client.get("/invoices/aggregate", params={k: v for k, v in asked.items() if v})
        assert own.status_code == 200, own.text
        assert in_order(own.json()["items"]) == in_order(add_up(invoices, groups, measures))
        through = {k: ",".join(f"invoice.{x}" for x in v.split(",")) for k, v in asked.items() if v}
        told = await client.get("/lines/aggregate", params={**through, "limit": "100"})
        items = [
            {name.removeprefix("invoice."): value for name, value in item.items()}
            for item in told.json()["items"]
        ]
        assert in_order(items) == in_order(add_up(lines, groups, measures))
