"""The wait queue of a pool, as SQLAlchemy and lanes use it, in one event loop or several."""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from modelwire.compat.sqlalchemy import Empty, greenlet_spawn
from modelwire.execute.connect.fair_queue import FairQueue, WaiterTimeouts

Loops = list[asyncio.AbstractEventLoop]


@pytest.fixture
def loops() -> Iterator[Loops]:
    """Two event loops, as of two threads, which run when the test has them do so."""
    found = [asyncio.new_event_loop() for _ in range(2)]
    yield found
    for loop in found:
        loop.close()


def begin(queue: FairQueue, loop: asyncio.AbstractEventLoop) -> asyncio.Task[Any]:
    """Have a waiter in an event loop."""
    waiting = loop.create_task(queue.wait())
    run(loop)
    return waiting


def run(loop: asyncio.AbstractEventLoop) -> None:
    """Run an event loop until nothing is ready."""

    async def settle() -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    loop.run_until_complete(settle())


def test_the_last_one_is_taken_first() -> None:
    queue = FairQueue(2)
    for item in "ab":
        queue.put(item, False)
    assert (queue.qsize(), queue.empty()) == (2, False)
    assert (queue.get(), queue.get(False)) == ("b", "a")
    assert (queue.qsize(), queue.empty()) == (0, True)
    with pytest.raises(Empty):
        queue.get(False)


async def test_sqlalchemy_waits_as_well() -> None:
    """It gets an item, or Empty: as permission to open a connection, or when time is over."""
    queue = FairQueue(1)
    waiting = [asyncio.ensure_future(greenlet_spawn(queue.get, True)) for _ in range(3)]
    await asyncio.sleep(0)
    assert queue.waiting == 3
    queue.put("a")
    queue.wake_next()
    assert await waiting[0] == "a"
    with pytest.raises(Empty):
        await waiting[1]
    queue.patience.limit_s = 0
    queue.patience.look(1.0)
    with pytest.raises(Empty):
        await waiting[2]


async def test_each_waits_as_long_as_the_others() -> None:
    """Each has the time limit from the look that first finds it, and what has come stays."""
    queue = FairQueue(1)
    queue.patience.limit_s = 5
    first = asyncio.ensure_future(queue.wait())
    await asyncio.sleep(0)
    queue.patience.look(10.0)
    second = asyncio.ensure_future(queue.wait())
    await asyncio.sleep(0)
    for now_s, waiting in ((14.9, 2), (15.0, 1), (19.8, 1), (19.9, 0)):
        queue.patience.look(now_s)
        assert queue.waiting == waiting
    outcomes = await asyncio.gather(first, second, return_exceptions=True)
    assert list(map(type, outcomes)) == [TimeoutError] * 2


def test_the_timer_runs_while_there_are_waiters(
    loops: Loops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is started by the first waiter in an event loop, and stops once there is none."""
    events: list[str] = []
    for name in ("start", "stop"):
        note = partial(events.append, name)
        monkeypatch.setattr(WaiterTimeouts, name, lambda _self, note=note: note())
    queue = FairQueue(2)

    async def wait_and_be_served() -> None:
        for _ in range(2):
            waiting = [asyncio.ensure_future(queue.wait()) for _ in range(2)]
            await asyncio.sleep(0)
            queue.put_nowait("a")
            queue.patience.look(1.0)
            queue.put_nowait("b")
            queue.patience.look(2.0)
            assert await asyncio.gather(*waiting) == ["a", "b"]

    for loop in loops:
        loop.run_until_complete(wait_and_be_served())
    assert events == ["start", "stop"] * 4


@pytest.mark.parametrize("item", ["a", None])
def test_a_waiter_of_another_loop(loops: Loops, item: str | None) -> None:
    """It is told in its own loop; if it has gone by then, the next one is, wherever it waits."""
    here, there = loops
    queue = FairQueue(1)
    first, second, third = (begin(queue, loop) for loop in (there, there, here))
    told = {loop: count_calls_of_threads(loop) for loop in loops}

    def tell() -> None:
        if item is None:
            queue.wake_next()
        else:
            queue.put_nowait(item)

    tell()
    run(there)
    assert first.result() == item
    tell()
    second.cancel()
    run(there)
    run(here)
    assert second.cancelled()
    assert third.result() == item
    assert [len(told[loop]) for loop in (here, there)] == [0, 2]


def count_calls_of_threads(loop: Any) -> list[object]:
    """List the functions that are called in an event loop from elsewhere."""
    calls: list[object] = []
    call_soon = loop.call_soon_threadsafe

    def note(function: object, *arguments: object) -> None:
        calls.append(function)
        call_soon(function, *arguments)

    loop.call_soon_threadsafe = note
    return calls


@pytest.mark.parametrize("moves", [True, False])
def test_waiters_of_a_closed_loop(loops: Loops, moves: bool) -> None:
    """They are passed over, whether the next waiter comes or the next item."""
    closed, loop = loops
    queue = FairQueue(1)
    earlier = [] if moves else [begin(queue, loop)]
    lost = queue.wait()

    async def wait() -> None:
        lost.send(None)

    closed.run_until_complete(wait())
    closed.close()
    if moves:
        later = begin(queue, loop)
        assert queue.waiting == 1
        earlier.append(later)
    else:
        queue.put_nowait("a")
    queue.put_nowait("b")
    run(loop)
    assert [waiting.result() for waiting in earlier] == ["b" if moves else "a"]
    assert queue.idle == ([] if moves else ["b"])
    lost.close()
