"""A caller gets the responses that it would get if no other rows were stored."""

import json
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.lanes import LANES

from .draws import Draw
from .judged import find_above
from .requests import READS, Request, draw_request, find_routes, kind_of
from .rows import Rows, draw_caller, draw_rows, find_visible
from .served import Told, Worlds, ask
from .tables import Member

REQUESTS = 25
"""Requests of one caller about the same rows."""


@pytest.mark.parametrize("lane", LANES)
@examples(1000, quick=5)
@given(seed=st.integers(0, 2**32))
async def test_reads(worlds: Worlds, lane: str, seed: int) -> None:
    """Every reading route, with the whole query language."""
    difference = await find_difference(worlds, lane, Random(seed), REQUESTS)
    assert difference is None, difference


async def find_difference(
    worlds: Worlds, lane: str, random: Random, count: int, kinds: Sequence[str] = READS
) -> str | None:
    """Ask random requests of both worlds; how the answers to one differ."""
    rows, who = draw_rows(random), draw_caller(random)
    await worlds.fill(rows, who)
    draw = Draw(random, worlds.catalog, rows, find_visible(rows, who))
    routes = [route for route in find_routes(worlds.app.openapi()) if kind_of(route) in kinds]
    for _ in range(count):
        request = draw_request(draw, random.choice(routes))
        if random.random() < 0.3:
            request = await continue_as_other(worlds, lane, request, draw_caller(random))
        difference = await compare(worlds, lane, request, who, rows)
        if difference is not None:
            return difference
    return None


async def continue_as_other(worlds: Worlds, lane: str, request: Request, other: Member) -> Request:
    """The request for the page behind one that another caller was shown, if there is one."""
    told = await ask(worlds.full.clients[lane], request, other)
    cursor = find_cursor(told.body)
    return request if cursor is None else with_cursor(request, cursor)


async def compare(
    worlds: Worlds, lane: str, request: Request, who: Member, rows: Rows
) -> str | None:
    """Ask a request, and for the pages behind it."""
    for _ in range(4):
        told = await ask(worlds.full.clients[lane], request, who)
        ways = [lane, *ways_without_policies(request, told)]
        for way in ways:
            expected = await ask(worlds.seen.clients[way], request, who)
            if told != expected:
                return f"{who}\n{request}\n{told}\nand not ({way})\n{expected}"
        fault = "failed" if told.status >= 500 else find_above(request, rows, who, told)
        if fault is not None:
            return f"{fault}\n{who}\n{request}\n{told}"
        cursor = find_cursor(told.body)
        if cursor is None:
            break
        request = with_cursor(request, cursor)
    return None


def ways_without_policies(request: Request, told: Told) -> list[str]:
    """Whether an application without policies can be asked the same.

    It estimates totals, which policies forbid. And it takes the parent of rows that are there for
    being there too, as foreign keys have it.
    """
    is_orphaned = request.is_below and told.status == 404
    return [] if request.is_estimate or is_orphaned else ["open"]


def find_cursor(body: bytes) -> str | None:
    """The cursor of the next page."""
    try:
        page = json.loads(body)
    except ValueError:
        return None
    return page.get("next_cursor") if isinstance(page, dict) else None


def with_cursor(request: Request, cursor: str) -> Request:
    if request.body is not None:
        return replace(request, body={**request.body, "cursor": cursor})
    head, _, tail = request.url.partition("cursor=")
    rest = tail.partition("&")[2]
    after = f"{head}cursor={quote(cursor, safe='')}{'&' + rest if rest else ''}"
    return replace(request, url=after)
