"""A caller gets the results from tools that it would get if no other rows were stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from mcp.client import Client

from tests.access.two_worlds.draws import Draw
from tests.access.two_worlds.judged import find_fault, is_excused
from tests.access.two_worlds.rows import draw_caller, draw_rows, find_visible
from tests.access.two_worlds.served import Worlds, read_rows
from tests.access.two_worlds.tables import Member
from tests.access.two_worlds.test_writes import compare_rows
from tests.examples import examples

from .agents import Agent
from .calls import READS, WRITES, Call, draw_call, find_confirmation, routes_of, tell

CALLS = 12
"""Calls of one caller about the same rows."""


@asynccontextmanager
async def open_both(worlds: Worlds, who: Member) -> AsyncIterator[tuple[Client, Client]]:
    """Open a client of a caller in each of the worlds."""
    full, seen = (Agent(world.apps["direct"], who.headers) for world in (worlds.full, worlds.seen))
    async with full.connect() as one, seen.connect() as other:
        yield one, other


@examples(300, quick=2)
@given(seed=st.integers(0, 2**32))
async def test_reads(worlds: Worlds, seed: int) -> None:
    """Every tool that reads, with the whole query language."""
    random = Random(seed)
    rows, who = draw_rows(random), draw_caller(random)
    await worlds.fill(rows, who)
    draw = Draw(random, worlds.catalog, rows, find_visible(rows, who))
    routes = routes_of(worlds, READS)
    calls = [draw_call(draw, routes) for _ in range(CALLS)]
    calls += [("describe_resource", {"resource": name}) for name in worlds.catalog.tables]
    async with open_both(worlds, who) as (full, seen):
        for call in calls:
            told, expected = await tell(full, call), await tell(seen, call)
            assert told == expected, (who, call)
            assert told.status < 500, (who, call, told)


@examples(200, quick=2)
@given(seed=st.integers(0, 2**32))
async def test_writes(worlds: Worlds, seed: int) -> None:
    """Every tool that writes: a dry run stores nothing, and tells nothing of what is hidden."""
    random = Random(seed)
    rows, who = draw_rows(random), draw_caller(random)
    await worlds.fill(rows, who)
    rows, routes = await read_rows(worlds.full.database), routes_of(worlds, WRITES)
    async with open_both(worlds, who) as both:
        for _ in range(CALLS):
            draw = Draw(random, worlds.catalog, rows, find_visible(rows, who))
            fault = await find_fault_of(worlds, who, both, draw_call(draw, routes))
            assert fault is None, fault
            rows = await read_rows(worlds.full.database)
            await worlds.fill(rows, who)


async def find_fault_of(
    worlds: Worlds, who: Member, both: tuple[Client, Client], call: Call
) -> str | None:
    """Call a tool in both worlds, and again where a dry run has told how; what is wrong then."""
    full, seen = both
    rows = await read_rows(worlds.full.database)
    told, expected = await tell(full, call), await tell(seen, call)
    confirm = find_confirmation(told)
    if confirm is not None:
        if await read_rows(worlds.full.database) != rows:
            return f"a dry run has stored something\n{who}\n{call}\n{told}"
        if told != expected and not is_excused(told, expected):
            return f"dry runs differ\n{who}\n{call}\n{told}\n{expected}"
        call = (call[0], {**call[1], "confirm": confirm})
        told, expected = await tell(full, call), await tell(seen, call)
    after = await read_rows(worlds.full.database)
    fault = find_fault(rows, after, who, told, expected)
    if fault is None and not is_excused(told, expected):
        fault = await compare_rows(worlds, who, after)
    return None if fault is None else f"{fault}\n{who}\n{call}\n{told}\nand\n{expected}"
