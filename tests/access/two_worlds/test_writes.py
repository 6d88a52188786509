"""Unseen rows don't exist for a caller's writes either, and stay as they were."""

import json
from collections.abc import Sequence
from random import Random

import pytest
from httpx2 import AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.lanes import LANES

from .draws import Draw, Key
from .judged import KEYS, find_above, find_fault, find_misjudged, is_excused
from .requests import WRITES, Request, draw_request, find_routes, kind_of
from .rows import (
    MARKS,
    Row,
    Rows,
    draw_caller,
    draw_rows,
    find_there,
    find_visible,
    is_deleted,
)
from .served import Worlds, ask, read_rows
from .tables import Member

REQUESTS = 12
"""Writes of one caller, one after another."""


@pytest.mark.parametrize("lane", LANES)
@examples(500, quick=4)
@given(seed=st.integers(0, 2**32))
async def test_writes(worlds: Worlds, lane: str, seed: int) -> None:
    """Every writing route, with bodies that name rows of all tenants."""
    difference = await find_difference(worlds, lane, Random(seed), REQUESTS)
    assert difference is None, difference


async def find_difference(
    worlds: Worlds, lane: str, random: Random, count: int, kinds: Sequence[str] = WRITES
) -> str | None:
    """Send random writes to both worlds; how what comes of one differs."""
    rows, who = draw_rows(random), draw_caller(random)
    await worlds.fill(rows, who, find_there)
    rows = await read_rows(worlds.full.database)
    routes = [route for route in find_routes(worlds.app.openapi()) if kind_of(route) in kinds]
    for _ in range(count):
        draw = Draw(random, worlds.catalog, rows, find_visible(rows, who))
        request = draw_request(draw, random.choice(routes))
        named = await find_named(worlds.full.clients[lane], request, who, rows)
        told = await ask(worlds.full.clients[lane], request, who)
        expected = await ask(worlds.seen.clients[lane], request, who)
        after = await read_rows(worlds.full.database)
        fault = find_fault(rows, after, who, told, expected)
        fault = fault or find_above(request, rows, who, told)
        fault = fault or find_misjudged(request, named, rows, who, told)
        if fault is None and not is_excused(told, expected):
            fault = await compare_rows(worlds, who, after)
        if fault is not None:
            return f"{fault}\n{who}\n{request}\n{told}\nand\n{expected}"
        if after != rows or expected.status < 300:
            await worlds.fill(after, who, find_there)
        rows = after
    return None


async def find_named(
    client: AsyncClient, request: Request, who: Member, rows: Rows
) -> tuple[Key, ...]:
    """The keys of the rows that a request is to change or remove: named, or those that match."""
    if not request.is_mass:
        return request.rows
    path, _, query = request.url.partition("?")
    told = await ask(client, Request("GET", f"{path}?{query}&limit=100"), who)
    if told.status != 200:
        return ()
    shown = [{k: str(v) for k, v in row.items()} for row in json.loads(told.body)["items"]]
    keys = [tuple(row[k] for k in KEYS[request.table]) for row in rows[request.table]]
    names = KEYS[request.table]
    wanted = {tuple(row[name] for name in names) for row in shown}
    return tuple(key for key in keys if tuple(map(str, key)) in wanted)


async def compare_rows(worlds: Worlds, who: Member, after: Rows) -> str | None:
    """Whether the caller then sees the same in both worlds."""
    full = _without_moments(find_visible(after, who))
    seen = _without_moments(find_visible(await read_rows(worlds.seen.database), who))
    for table, rows in full.items():
        others = [
            row for row in seen[table] if row not in rows and not _is_there(table, row, after)
        ]
        if others or any(row not in seen[table] for row in rows):
            return f"other rows of {table}: {_only(rows, seen[table])}"
    return None


def _without_moments(rows: Rows) -> Rows:
    """Rows of which is said whether they are deleted, and not since when."""
    return {
        t: [{**row, **({MARKS[t]: is_deleted(t, row)} if t in MARKS else {})} for row in found]
        for t, found in rows.items()
    }


def _is_there(table: str, link: Row, after: Rows) -> bool:
    """Whether a link was not made for one that is there already, and that is hidden."""
    key = ("customer_id", "tag_code")
    return table == "labels" and any(all(r[k] == link[k] for k in key) for r in after[table])


def _only(left: list[Row], right: list[Row]) -> str:
    ours, theirs = ([r for r in a if r not in b] for a, b in ((left, right), (right, left)))
    return f"{ours} and {theirs}"
