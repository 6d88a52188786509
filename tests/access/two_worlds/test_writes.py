"""What a caller may not see is not there for its writes either, and stays as it was."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import LANES
from tests.examples import examples

from .draws import Draw
from .requests import draw_request, find_routes, is_read
from .rows import Row, Rows, draw_caller, draw_rows, find_visible, may
from .served import Told, Worlds, ask, read_rows
from .tables import Base, Member

REQUESTS = 12
"""Writes of one caller, one after another."""

TOLD_BY_THE_DATABASE = {"already_exists", "still_referenced"}
"""What a unique index and a foreign key say of rows that nobody may see: they go past policies."""

GO_ALONG = {
    "notes": {"customer_id": ("customers", "id")},
    "lines": {"invoice_id": ("invoices", "id")},
    "labels": {"customer_id": ("customers", "id"), "tag_code": ("tags", "code")},
    "invoice_tags": {"invoice_id": ("invoices", "id"), "tag_code": ("tags", "code")},
}
"""What the database or the models remove with a row: the columns that refer to it."""


KEYS = {table.name: list(table.primary_key.columns.keys()) for table in Base.metadata.sorted_tables}


@pytest.mark.parametrize("lane", LANES)
@examples(500, quick=4)
@given(seed=st.integers(0, 2**32))
async def test_writes(worlds: Worlds, lane: str, seed: int) -> None:
    """Every writing route, with bodies that name rows of all tenants."""
    difference = await find_difference(worlds, lane, Random(seed), REQUESTS)
    assert difference is None, difference


async def find_difference(worlds: Worlds, lane: str, random: Random, count: int) -> str | None:
    """Send random writes to both worlds; how what comes of one differs."""
    rows, who = draw_rows(random), draw_caller(random)
    await worlds.fill(rows, who)
    rows = await read_rows(worlds.full.database)
    routes = [route for route in find_routes(worlds.app.openapi()) if not is_read(route)]
    for _ in range(count):
        draw = Draw(random, worlds.catalog, rows)
        request = draw_request(draw, random.choice(routes))
        told = await ask(worlds.full.clients[lane], request, who)
        expected = await ask(worlds.seen.clients[lane], request, who)
        after = await read_rows(worlds.full.database)
        fault = find_fault(rows, after, who, told, expected)
        if fault is None and not is_excused(told, expected):
            fault = await compare_rows(worlds, who, after)
        if fault is not None:
            return f"{fault}\n{who}\n{request}\n{told}\nand\n{expected}"
        if after != rows or expected.status < 300:
            await worlds.fill(after, who)
        rows = after
    return None


def find_fault(before: Rows, after: Rows, who: Member, told: Told, expected: Told) -> str | None:
    """What is wrong with an answer, or with the rows behind it."""
    if told.status >= 500:
        return "failed"
    if told.status >= 300 and before != after:
        return "refused and done"
    if changed := find_changed(before, after, who):
        return f"changed what is hidden: {changed}"
    if forbidden := list(find_forbidden(before, after, who)):
        return f"did what may not be done: {forbidden}"
    return None if told == expected or is_excused(told, expected) else "answers differ"


def is_excused(told: Told, expected: Told) -> bool:
    """Whether a database told of a row that is hidden."""
    return told != expected and not TOLD_BY_THE_DATABASE.isdisjoint(codes_of(told))


def codes_of(told: Told) -> set[str]:
    """The codes of the problems in an answer."""
    body: Any = json.loads(told.body) if told.body else {}
    problems = [body, *(item.get("problem", {}) for item in _items_of(body))]
    return {problem["code"] for problem in problems if "code" in problem}


def _items_of(body: Any) -> list[Any]:
    items = body.get("items", ()) if isinstance(body, dict) else ()
    return [item for item in items if isinstance(item, dict)]


def find_changed(before: Rows, after: Rows, who: Member) -> list[Row]:
    """The rows that a caller may not see, and that are no longer as they were."""
    seen = find_visible(before, who)
    hidden = [(t, row) for t, rows in before.items() for row in rows if row not in seen[t]]
    return [
        row for t, row in hidden if row not in after[t] and not _went_along(t, row, before, after)
    ]


def find_forbidden(before: Rows, after: Rows, who: Member) -> Iterator[tuple[str, str, Row]]:
    """What has become of rows that a caller may not do to them."""
    for table, key in KEYS.items():
        was, is_ = ({tuple(r[k] for k in key): r for r in a[table]} for a in (before, after))
        for place in {**was, **is_}:
            old, new = was.get(place), is_.get(place)
            if old == new or (old and not new and _went_along(table, old, before, after)):
                continue
            action = "update" if old and new else "create" if new else "delete"
            if old and not may(action, table, old, before, who):
                yield action, table, old
            if new and not may(action, table, new, after, who):
                yield action, table, new
            if old and new and not may("read", table, new, after, who):
                yield action, table, new
            if table == "notes" and new and not old and new["by_id"] != who.id:
                yield "assign", table, new


def _went_along(table: str, row: Row, before: Rows, after: Rows) -> bool:
    for column, (parent, key) in GO_ALONG.get(table, {}).items():
        was, is_ = ([r[key] for r in found[parent]] for found in (before, after))
        if row[column] in was and row[column] not in is_:
            return True
    return False


async def compare_rows(worlds: Worlds, who: Member, after: Rows) -> str | None:
    """Whether the caller then sees the same in both worlds."""
    full = find_visible(after, who)
    seen = find_visible(await read_rows(worlds.seen.database), who)
    for table, rows in full.items():
        others = [
            row for row in seen[table] if row not in rows and not _is_there(table, row, after)
        ]
        if others or any(row not in seen[table] for row in rows):
            return f"other rows of {table}: {_only(rows, seen[table])}"
    return None


def _is_there(table: str, link: Row, after: Rows) -> bool:
    """Whether a link was not made for one that is there already, and that is hidden."""
    key = ("customer_id", "tag_code")
    return table == "labels" and any(all(r[k] == link[k] for k in key) for r in after[table])


def _only(left: list[Row], right: list[Row]) -> str:
    ours, theirs = ([r for r in a if r not in b] for a, b in ((left, right), (right, left)))
    return f"{ours} and {theirs}"
