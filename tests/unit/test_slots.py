"""Slots for reads that take long: who has to have one, and when."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from sqlalchemy import literal, select
from sqlalchemy.dialects import sqlite

from modelwire.errors import NotFound, TimedOut, Unavailable
from modelwire.execute.connect import slots as slots_module
from modelwire.execute.connect.slots import QUICK_S, SLOW_S, Claim, Slots
from modelwire.statement.statements import Statement


def make_slots(pool_size: int, *, wait_s: float = 0.3, pressed: bool = False) -> Slots:
    return Slots(pool_size, wait_s, 4.2, lambda: pressed)


def make_statement() -> Statement:
    return Statement(select(literal(1)), sqlite.dialect())


async def begin(slots: Slots, statement: Statement) -> Claim:
    claim = slots.claim(statement)
    await claim.begin()
    return claim


def run_for(claim: Claim, seconds: float) -> bool:
    """Look at a read when it begins, and after some time; returns whether it may go on."""
    claim.may_go_on(100.0)
    return claim.may_go_on(100.0 + seconds)


@pytest.mark.parametrize(("pool_size", "slots"), [(1, 1), (2, 1), (3, 1), (4, 2), (10, 5)])
async def test_there_are_half_as_many_as_connections(pool_size: int, slots: int) -> None:
    """There are half as many slots as connections, and at least one."""
    made = make_slots(pool_size)
    assert [made.take_free() for _ in range(slots + 1)] == [True] * slots + [False]


async def test_what_is_quick_needs_none() -> None:
    """A read that was quick once asks for no slot; before that it takes one, and gives it back."""
    slots, statement = make_slots(2), make_statement()
    first = await begin(slots, statement)
    assert not first.is_quick
    assert not slots.take_free()
    first.end(None)
    assert slots.take_free()
    assert slots.claim(statement).is_quick


async def test_what_is_not_known_goes_on_without() -> None:
    """Without a free slot, an unknown read waits a moment, and goes on."""
    slots = make_slots(1, wait_s=60)
    await begin(slots, make_statement())
    begun = time.monotonic()
    other = await begin(slots, make_statement())
    assert QUICK_S <= time.monotonic() - begun < 10
    assert run_for(other, QUICK_S)
    assert not run_for(other, SLOW_S)
    assert other.is_refused


async def test_a_slot_that_comes_free_meanwhile_is_taken() -> None:
    """An unknown read that waits for a moment keeps the slot that it gets, and gives it back."""
    slots = make_slots(1, wait_s=60)
    first = await begin(slots, make_statement())
    waiting = asyncio.ensure_future(begin(slots, make_statement()))
    await asyncio.sleep(0)
    first.end(None)
    other = await waiting
    assert not slots.take_free()
    assert run_for(other, SLOW_S)
    other.end(None)
    assert slots.take_free()


async def test_what_is_slow_waits_for_a_slot() -> None:
    """A read that is known to be slow gets a slot in its turn, or is refused."""
    slots, statement = make_slots(1), make_statement()
    first = await begin(slots, statement)
    assert run_for(first, SLOW_S)
    with pytest.raises(Unavailable) as caught:
        await begin(slots, statement)
    assert caught.value.retry_after_s == 5
    waiting = asyncio.ensure_future(begin(slots, statement))
    await asyncio.sleep(0)
    first.end(None)
    assert run_for(await waiting, SLOW_S)


async def test_those_who_wait_learn_what_others_find_out() -> None:
    """Whoever waits for a moment goes on waiting if the same read is found to be slow meanwhile."""
    slots, statement = make_slots(1, wait_s=60), make_statement()
    first = await begin(slots, statement)
    waiting = asyncio.ensure_future(begin(slots, statement))
    await asyncio.sleep(0)
    assert run_for(first, QUICK_S)
    await asyncio.wait([waiting], timeout=QUICK_S + 1)
    assert not waiting.done()
    first.end(None)
    (await waiting).end(None)


async def test_it_gives_way_to_those_who_wait() -> None:
    """A read that is neither quick nor has a slot ends early if others wait for a connection."""
    slots = make_slots(1, pressed=True)
    assert slots.take_free()
    claim = slots.claim()
    assert run_for(claim, QUICK_S - 0.01)
    assert not run_for(claim, QUICK_S)


async def test_a_slot_that_is_free_is_taken_late() -> None:
    """A read that turns out slow goes on with a free slot, and gives it back."""
    slots = make_slots(1)
    claim = slots.claim()
    assert run_for(claim, SLOW_S)
    assert not slots.take_free()
    claim.end(None)
    assert slots.take_free()


async def test_being_held_up_once_is_no_proof() -> None:
    """A quick read that is held up once is unknown then, not slow; one that takes a second is."""
    for taken_s, refused in ((QUICK_S, False), (SLOW_S, True)):
        slots, statement = make_slots(2), make_statement()
        slots.note_quick(statement)
        run_for(slots.claim(statement), taken_s)
        assert not slots.claim(statement).is_quick
        slots.take_free()
        if refused:
            with pytest.raises(Unavailable):
                await begin(slots, statement)
        else:
            await begin(slots, statement)


async def test_what_was_slow_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that was slow counts as unknown after some time, and as quick after two quick ones."""
    slots, statement = make_slots(1), make_statement()
    monkeypatch.setattr("modelwire.execute.connect.slots.REMEMBERED_S", 0.0)
    slots.note_long(statement, is_slow=True)
    assert slots.take_free()
    await begin(slots, statement)
    slots.put_back()
    for _ in range(2):
        assert not slots.claim(statement).is_quick
        (await begin(slots, statement)).end(None)
    assert slots.claim(statement).is_quick


async def test_what_was_ended_is_no_proof() -> None:
    """A read whose client has gone, or that got no connection, is not known to be quick.

    One that was refused for another reason has ended by itself.
    """
    for error in (asyncio.CancelledError(), TimedOut(), Unavailable(), NotFound("x")):
        slots, statement = make_slots(2), make_statement()
        (await begin(slots, statement)).end(error)
        assert slots.claim(statement).is_quick is isinstance(error, NotFound)


@pytest.mark.parametrize(("taken_s", "is_quick"), [(QUICK_S / 2, True), (QUICK_S, False)])
async def test_the_end_counts_as_well_as_looks(
    monkeypatch: pytest.MonkeyPatch, taken_s: float, is_quick: bool
) -> None:
    """A read that was looked at only once is quick if it ended soon after that."""
    loop = SimpleNamespace(time=lambda: 100.0 + taken_s)
    monkeypatch.setattr(slots_module, "asyncio", SimpleNamespace(get_running_loop=lambda: loop))
    slots, statement = make_slots(2), make_statement()
    claim = await begin(slots, statement)
    claim.may_go_on(100.0)
    claim.end(None)
    assert slots.claim(statement).is_quick is is_quick


async def test_few_statements_are_remembered() -> None:
    """However many statements there are, what is remembered has a limit."""
    slots, statements = make_slots(2), [make_statement() for _ in range(1500)]
    for statement in statements:
        slots.note_quick(statement)
    assert sum(slots.claim(statement).is_quick for statement in statements) == 1024
    for statement in statements:
        slots.note_long(statement, is_slow=True)
    assert len(slots._slow) == 1024
