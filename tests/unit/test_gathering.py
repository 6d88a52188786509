"""Requests that are answered together."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from modelwire.execute.connect import gathering
from modelwire.execute.connect.gathering import Gathering, Turn
from modelwire.observe.exchange import CURRENT
from modelwire.overtime import LOOK_S

LIMIT_S = 60.0
MOMENT_NS = 1_000_000


class Worker:
    """Doubles numbers, once it is told to, and says in which groups it has done so.

    Args:
        takes_at_once: Whether it begins at once; it waits for `connected` otherwise.
    """

    def __init__(self, *, takes_at_once: bool = True) -> None:
        self.groups: list[Sequence[int]] = []
        self.tries = 0
        self.text: str | None = None
        self.connected = asyncio.Event()
        self.connected_with: Exception | None = None
        if takes_at_once:
            self.connected.set()
        self.ready: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def __call__(self, turn: Turn[int, int]) -> Sequence[int]:
        self.tries += 1
        turn.text = self.text
        await self.connected.wait()
        if self.connected_with is not None:
            raise self.connected_with
        taken = turn.take()
        self.groups.append(taken)
        told = await self.ready.get()
        if told is not None:
            raise told
        return [item * 2 for item in taken]

    def tell(self, *told: Exception | None) -> None:
        for each in told:
            self.ready.put_nowait(each)


def gather(*, shares_faults: bool = False, **options: Any) -> Gathering[int, int]:
    return Gathering(LIMIT_S, shares_faults=shares_faults, **options)


async def begin(
    gathered: Gathering[int, int], worker: Worker, *items: int, kind: str = "a"
) -> list[asyncio.Task[int]]:
    """Let requests come, as far as they get by themselves."""
    tasks = [asyncio.ensure_future(gathered.find(kind, item, worker)) for item in items]
    await settle()
    return tasks


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_comes_meanwhile_is_answered_together() -> None:
    """A request alone begins at once; those that come while it runs wait for the next turn."""
    gathered, worker = gather(), Worker()
    tasks = await begin(gathered, worker, 1, 2, 3)
    assert worker.groups == [(1,)]
    worker.tell(None)
    await settle()
    assert worker.groups == [(1,), [2, 3]]
    tasks += await begin(gathered, worker, 4)
    assert len(worker.groups) == 2
    worker.tell(None, None)
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8]
    assert worker.groups == [(1,), [2, 3], (4,)]


async def test_who_comes_before_a_connection_does_not_wait_for_the_next_turn() -> None:
    gathered, worker = gather(), Worker(takes_at_once=False)
    tasks = await begin(gathered, worker, 1, 2)
    worker.connected.set()
    worker.tell(None)
    assert await asyncio.gather(*tasks) == [2, 4]
    assert worker.groups == [[1, 2]]


async def test_other_kinds_are_others() -> None:
    gathered, worker = gather(), Worker()
    tasks = [task for kind in "ab" for task in await begin(gathered, worker, 1, kind=kind)]
    assert worker.groups == [(1,), (1,)]
    worker.tell(None, None)
    assert await asyncio.gather(*tasks) == [2, 2]


async def test_cancelled_request_takes_nobody_along() -> None:
    """Requests that wait on a cancelled one are answered all the same."""
    gathered, worker = gather(), Worker()
    first, second, third, fourth = await begin(gathered, worker, 1, 2, 3, 4)
    third.cancel()
    worker.tell(None)
    assert await first == 2
    await settle()
    assert worker.groups[1:] == [[2, 4]]
    second.cancel()
    await settle()
    worker.tell(None)
    assert await fourth == 8
    assert worker.groups[2:] == [(4,)]
    assert second.cancelled()
    assert third.cancelled()


@pytest.mark.parametrize("which", [1, 2, 3])
@pytest.mark.parametrize("steps", range(8))
async def test_cancelled_as_its_turn_comes(steps: int, which: int) -> None:
    """Whenever one of them is cancelled, those beside it are answered, and nothing is kept."""
    gathered, worker = gather(), Worker()
    tasks = await begin(gathered, worker, 1, 2, 3, 4)
    worker.tell(None, None, None)
    for _ in range(steps):
        await asyncio.sleep(0)
    tasks[which].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    expected: list[object] = [2, 4, 6, 8]
    if tasks[which].cancelled():
        expected[which] = found[which]
    assert found == expected
    assert not gathered._groups


async def test_patience_begins_with_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time runs for those that wait for the end of earlier work, once for all of them."""
    events: list[str] = []
    for name in ("start", "stop"):
        monkeypatch.setattr(gathering._Group, name, lambda _self, name=name: events.append(name))
    gathered, worker = gather(patience_s=5), Worker(takes_at_once=False)
    tasks = await begin(gathered, worker, 1, 2)
    assert events == []
    worker.connected.set()
    await settle()
    tasks += await begin(gathered, worker, 3, 4)
    assert events == ["start"]
    worker.tell(None)
    await settle()
    assert events == ["start", "stop"]
    tasks += await begin(gathered, worker, 5)
    assert events == ["start", "stop", "start"]
    worker.tell(None, None)
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8, 10]
    assert events == ["start", "stop"] * 2
    assert [len(group) for group in worker.groups] == [2, 2, 1]


async def test_nothing_is_kept() -> None:
    """Nothing is kept of a statement without waiters, however it has ended."""
    gathered, worker = gather(), Worker()
    worker.tell(None)
    assert await gathered.find("a", 1, worker) == 2
    worker.tell(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        await gathered.find("a", 1, worker)
    first, second = await begin(gathered, worker, 1, 2)
    first.cancel()
    second.cancel()
    await asyncio.wait([first, second])
    assert not gathered._groups


async def test_a_fault_is_shared() -> None:
    """A fault common to all goes to all, once."""
    gathered, worker = gather(shares_faults=True), Worker()
    first, *later = await begin(gathered, worker, 1, 2, 3)
    worker.tell(None, ValueError("away"))
    assert await first == 2
    for task in later:
        with pytest.raises(ValueError, match="away"):
            await task
    assert len(worker.groups) == 2


async def test_a_fault_is_that_of_one() -> None:
    """A fault that may belong to one has each of them answered by itself."""
    gathered, worker = gather(), Worker()
    tasks = await begin(gathered, worker, 1, 2, 3, 4)
    worker.tell(None, ValueError("one of them"))
    await settle()
    assert {*map(tuple, worker.groups[2:])} == {(2,), (3,), (4,)}
    worker.tell(None, ValueError("alone"), None)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(outcome, ValueError) for outcome in outcomes) == 1
    right = [isinstance(o, ValueError) or o == 2 * i for i, o in enumerate(outcomes, 1)]
    assert all(right)


async def test_without_a_connection_each_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that has used up its own time is refused with the one it waited on.

    One that has not waits on.
    """
    clock = [0]
    monkeypatch.setattr(gathering, "perf_counter_ns", lambda: clock[0])
    gathered, worker = gather(), Worker(takes_at_once=False)
    early = await begin(gathered, worker, 1, 2)
    clock[0] = MOMENT_NS
    early += await begin(gathered, worker, 3)
    clock[0] = 3 * MOMENT_NS
    late = await begin(gathered, worker, 4)
    clock[0] = int((LIMIT_S - 2 * LOOK_S) * 1e9) + 2 * MOMENT_NS
    worker.connected_with = OSError("no connection")
    worker.connected.set()
    for task in early:
        with pytest.raises(OSError, match="no connection"):
            await task
    with pytest.raises(OSError, match="no connection"):
        await late[0]
    assert worker.tries == 2
    assert not gathered._groups


@pytest.mark.parametrize("text", ["SELECT 1", None])
async def test_a_shared_statement_is_measured_for_each(
    monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    """A request that has waited is measured from its arrival, as far as requests are measured."""
    clock = [0]
    monkeypatch.setattr(gathering, "perf_counter_ns", lambda: clock[0])
    gathered, worker, measured = gather(), Worker(), []
    worker.text = text
    tasks = await begin(gathered, worker, 1)
    clock[0] = 10
    tasks += await begin(gathered, worker, 2)  # begins the next turn, and measures that itself
    for came_ns in (20, 30):
        clock[0] = came_ns
        exchange: Any = SimpleNamespace(add_gathered=lambda *told: measured.append(told))
        token = CURRENT.set(exchange)
        tasks += await begin(gathered, worker, came_ns)
        CURRENT.reset(token)
    tasks += await begin(gathered, worker, 40)
    clock[0] = 100
    worker.tell(None)
    await settle()
    clock[0] = 250
    worker.tell(None)
    assert await asyncio.gather(*tasks) == [2, 4, 40, 60, 80]
    assert measured == ([(text, 80, 150), (text, 70, 150)] if text else [])


async def test_nobody_waits_for_what_hangs() -> None:
    """A statement that hangs holds up no later request, whoever hangs by then."""
    gathered, worker = gather(patience_s=0.0), Worker()
    tasks = await begin(gathered, worker, 1)
    for begun, later in enumerate([(2, 3), (4,), (5,)], 2):
        tasks += await begin(gathered, worker, *later)
        async with asyncio.timeout(60):
            while len(worker.groups) < begun:
                await asyncio.sleep(0.01)
    assert worker.groups == [(1,), [2, 3], (4,), (5,)]
    worker.tell(None, None, None, None)
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8, 10]
    assert not gathered._groups


async def test_many_are_answered_in_several_turns() -> None:
    gathered, worker = gather(), Worker()
    many = range(gathering.AT_ONCE + 10)
    tasks = await begin(gathered, worker, 0, *many)
    worker.tell(None, None, None)
    assert await asyncio.gather(*tasks) == [0, *(2 * i for i in many)]
    assert [len(group) for group in worker.groups] == [1, gathering.AT_ONCE, 10]
