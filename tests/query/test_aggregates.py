"""Sums answer what plain Python computes over the same rows."""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx2
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples

from .adding import add_up
from .aggregates import Aggregate
from .conftest import World, describe
from .groupings import aggregates, grouped_rows
from .model import TABLES, Row, related

ASKED = 12
"""Sums over one set of rows."""


def check_groups(answer: httpx2.Response, items: Sequence[Row], skip: int, limit: int) -> None:
    """Check an answer against all the items that there are."""
    assert answer.status_code == 200, f"{answer.request.url} {answer.text}"
    page = answer.json()
    told, wanted = page.pop("items"), items[skip : skip + limit]
    assert page == {"skip": skip, "limit": limit, "more": len(items) > skip + limit}
    assert len(told) == len(wanted), f"{told} {wanted}"
    for item, expected in zip(told, wanted, strict=True):
        assert list(item) == list(expected)
        assert all(same(item[name], expected[name]) for name in item), f"{told} {wanted}"


def same(told: Any, expected: Any) -> bool:
    """Whether two values are the same; floats may differ by the order in which they are added."""
    if isinstance(expected, float) and isinstance(told, (int, float)):
        return math.isclose(told, expected, rel_tol=1e-12, abs_tol=1e-290)
    return type(told) is type(expected) and bool(told == expected)


@examples(840, quick=4)
@given(data=st.data())
async def test_sums(world: World, data: st.DataObject) -> None:
    """Groups, measures, conditions on groups and orders are those of the rows that a list has."""
    rows = data.draw(grouped_rows())
    await world.fill(rows)
    for _ in range(ASKED):
        asked = data.draw(aggregates(rows))
        page = {"limit": data.draw(st.integers(1, 9)), "skip": data.draw(st.integers(0, 2))}
        try:
            expected = add_up(rows, asked)
        except OverflowError:
            continue
        for lane, client in world.clients_for(__file__).items():
            with describe(lane=lane, asked=asked):
                url = asked.url(f"/{asked.table}/aggregate", **page)
                check_groups(await client.get(url), expected, **page)


@examples(8)
@given(data=st.data())
async def test_sums_in_other_forms(world: World, data: st.DataObject) -> None:
    """A query posted as JSON gives the same, and one for CSV has the same cells."""
    rows = data.draw(grouped_rows())
    await world.fill(rows)
    for _ in range(ASKED):
        asked = data.draw(aggregates(rows))
        for lane, client in world.clients_for(__file__).items():
            with describe(lane=lane, asked=asked):
                found = await client.get(asked.url(f"/{asked.table}/aggregate"))
                posted = await client.post(f"/{asked.table}/aggregate/query", json=asked.body())
                assert posted.content == found.content
                if found.status_code != 200:
                    continue
                url, headers = asked.url(f"/{asked.table}/aggregate/"), {"accept": "text/csv"}
                sheet = await client.get(url, headers=headers)
                check_sheet(sheet, asked, found.json()["items"])


def check_sheet(sheet: httpx2.Response, asked: Aggregate, items: Sequence[Row]) -> None:
    """Check the cells of CSV: null is empty, and a time of day has six digits of a second."""
    assert sheet.headers["content-type"].startswith("text/csv")
    text = io.StringIO(sheet.content.decode(), newline="")
    header, *lines = csv.reader(text, strict=True)
    assert header == asked.names
    assert len(lines) == len(items)
    for line, item in zip(lines, items, strict=True):
        for cell, value in zip(line, item.values(), strict=True):
            assert cell.replace(".000000", "") == _cell(value)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


@examples(8)
@given(data=st.data())
async def test_sums_of_sub_collections(world: World, data: st.DataObject) -> None:
    """A sub-collection's sums are those of its rows."""
    rows = data.draw(grouped_rows())
    await world.fill(rows)
    for _ in range(ASKED):
        asked = data.draw(aggregates(rows))
        parents = [
            (parent, name, row)
            for parent, table in TABLES.items()
            for name, relation in table.relations.items()
            if relation.many and relation.target == asked.table
            for row in rows[parent]
        ]
        if not parents:
            continue
        parent, name, row = data.draw(st.sampled_from(parents))
        path = f"/{parent}/{_key(parent, row)}/{name}/aggregate"
        try:
            expected = add_up(rows, asked, related(rows, parent, row, name))
        except OverflowError:
            continue
        for lane, client in world.clients_for(__file__).items():
            with describe(lane=lane, asked=asked, path=path):
                answer = await client.get(asked.url(path))
                check_groups(answer, expected, skip=0, limit=100)


def _key(table: str, row: Row) -> str:
    parts = (quote(str(row[field]).encode(), safe="") for field in TABLES[table].key)
    return ",".join(parts).replace(".", "%2E")
